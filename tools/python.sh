# shellcheck shell=sh
# Sourced by ./up and ./test: finds a Python that fits and prepares .venv with it.

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null
}

# prepare ROOT GROUP: make the checkout at ROOT ready to run, or to test.
prepare() {
    for python in "$1/.venv/bin/python" "${PYTHON:-python3}" \
        python3 python3.14 python3.13 python3.12 python3.11; do
        if fits "$python"; then
            "$python" -I -S "$1/tools/prepare.py" "$2"
            return
        fi
    done
    echo "Folkmoot needs Python 3.11 to 3.14, and there is none on the PATH." >&2
    echo "Install one, or name it: PYTHON=/path/to/python3 $0" >&2
    return 1
}
