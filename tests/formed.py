"""Forms with files, written by hand: in any order, and broken where a test wants them so."""

BOUNDARY = "frontier"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
LINE = f"--{BOUNDARY}\r\n".encode()


def field(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def file(filename: str, data: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    return f"{head}Content-Type: text/plain\r\n\r\n".encode() + data


def form(*parts: bytes, end: bool = True) -> bytes:
    body = b"".join(LINE + part + b"\r\n" for part in parts)
    return body + (f"--{BOUNDARY}--\r\n".encode() if end else b"")
