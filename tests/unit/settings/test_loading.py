"""The configuration: where values come from, which one wins, and what a mistake is told."""

import sys
from pathlib import Path

import pytest

from folkmoot.settings.deployment import INSTALLED_DATA, Mode, secret_values, usual_data_dir
from folkmoot.settings.errors import ConfigurationInvalid
from folkmoot.settings.loading import Loaded, load

KEY = "a-secret-key-of-more-than-32-characters"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(loaded: Loaded) -> dict[str, tuple[str, str]]:
    return {key: (value, origin) for key, value, origin in loaded.rows()}


def test_without_anything_the_defaults_hold() -> None:
    loaded = load({})
    assert (loaded.deployment.host, loaded.deployment.port) == ("127.0.0.1", 8000)
    assert loaded.deployment.mode is Mode.DEV
    assert {origin for _, _, origin in loaded.rows()} == {"default"}


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(
    tmp_path: Path,
) -> None:
    (tmp_path / "folkmoot.yaml").write_text("host: 10.0.0.1\nport: 1\nworkers: 3\n")
    loaded = load(
        {"FOLKMOOT_HOST": "10.0.0.2", "FOLKMOOT_PORT": "2"}, flags={"port": 3, "host": None}
    )
    assert rows(loaded)["port"] == ("3", "flag --port")
    assert rows(loaded)["host"] == ("10.0.0.2", "environment FOLKMOOT_HOST")
    assert rows(loaded)["workers"] == ("3", "folkmoot.yaml")
    assert rows(loaded)["mode"] == ("dev", "default")


def test_the_file_can_be_named_and_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("# nothing yet\n")
    assert load({}, file=path).origins == {}
    path.write_text("mode: production\nproviders:\n  ollama_host: http://ollama\n")
    loaded = load({}, file=path)
    assert loaded.deployment.mode is Mode.PRODUCTION
    assert loaded.deployment.providers.ollama_host == "http://ollama"
    assert rows(loaded)["providers.ollama_host"] == ("http://ollama", str(path))


def test_nested_names_are_joined_by_two_underscores_and_lists_by_commas() -> None:
    loaded = load(
        {
            "FOLKMOOT_MODEL_LIMITS__FIRST_TOKEN": "5",
            "FOLKMOOT_CORS_ORIGINS": "https://a.example, https://b.example,",
        }
    )
    assert loaded.deployment.model_limits.first_token == 5
    assert loaded.deployment.cors_origins == ["https://a.example", "https://b.example"]
    assert rows(loaded)["cors_origins"][0] == "https://a.example,https://b.example"


def test_names_that_others_made_known_are_understood() -> None:
    loaded = load(
        {
            "OPENAI_API_KEY": "sk-1",
            "OPENAI_BASE_URL": "http://models",
            "ANTHROPIC_API_KEY": "",
            "LANGFUSE_HOST": "https://traces.example",
        }
    )
    providers = loaded.deployment.providers
    assert providers.openai_api_key is not None
    assert providers.openai_api_key.get_secret_value() == "sk-1"
    assert providers.openai_base_url == "http://models"
    assert providers.anthropic_api_key is None
    assert loaded.deployment.langfuse.host == "https://traces.example"


def test_our_own_name_beats_a_well_known_one() -> None:
    loaded = load({"OLLAMA_HOST": "http://a", "FOLKMOOT_PROVIDERS__OLLAMA_HOST": "http://b"})
    assert loaded.deployment.providers.ollama_host == "http://b"


def test_a_secret_can_stand_in_a_file_of_its_own_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    loaded = load({"FOLKMOOT_SECRET_KEY_FILE": str(tmp_path / "key"), "OPENAI_API_KEY": "sk-123"})
    assert loaded.deployment.secret_key is not None
    assert loaded.deployment.secret_key.get_secret_value() == KEY
    assert rows(loaded)["secret_key"] == ("********", "environment FOLKMOOT_SECRET_KEY_FILE")
    assert rows(loaded)["init_api_key"] == ("", "default")
    assert KEY not in repr(loaded)
    assert sorted(secret_values(loaded.deployment)) == [KEY, "sk-123"]


@pytest.mark.parametrize(
    ("environ", "origin", "key"),
    [
        ({"FOLKMOOT_PORT": "many"}, "environment FOLKMOOT_PORT", "port"),
        ({"FOLKMOOT_PROT": "1"}, "environment FOLKMOOT_PROT", "prot"),
        ({"FOLKMOOT_MODE": "test"}, "environment FOLKMOOT_MODE", "mode"),
        ({"FOLKMOOT_SECRET_KEY": "short"}, "environment FOLKMOOT_SECRET_KEY", "secret_key"),
        ({"FOLKMOOT_SECRET_KEY_FILE": "/nowhere"}, "FOLKMOOT_SECRET_KEY_FILE", "secret_key"),
        ({"FOLKMOOT_MODEL_LIMITS__IDLE": "-1"}, "MODEL_LIMITS__IDLE", "model_limits.idle"),
        ({"FOLKMOOT_REDIS_URL": "http://redis"}, "environment FOLKMOOT_REDIS_URL", "redis_url"),
        ({"FOLKMOOT_REDIS_URL": "redis:///0"}, "environment FOLKMOOT_REDIS_URL", "redis_url"),
    ],
)
def test_a_mistake_is_told_with_its_place_its_name_and_its_reason(
    environ: dict[str, str], origin: str, key: str
) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        load(environ)
    assert origin in str(refused.value)
    assert f": {key}: " in str(refused.value)
    assert str(refused.value).partition(f"{key}: ")[2]
    assert "short" not in str(refused.value).partition("key: ")[2]


@pytest.mark.parametrize("content", ["host: [", "- a\n- b\n", "just words", "\0", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "folkmoot.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationInvalid, match=r"folkmoot\.yaml: \(file\): "):
        load({})


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"missing\.yaml"):
        load({}, file=tmp_path / "missing.yaml")


def test_what_tells_clients_where_the_server_is_configures_none() -> None:
    assert load({"FOLKMOOT_URL": "https://one.example", "FOLKMOOT_API_KEY": KEY}).origins == {}


def test_a_well_known_secret_can_stand_in_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"sk-from-a-file\r\n")
    loaded = load({"OPENAI_API_KEY_FILE": str(tmp_path / "key")})
    key = loaded.deployment.providers.openai_api_key
    assert key is not None
    assert key.get_secret_value() == "sk-from-a-file"
    assert rows(loaded)["providers.openai_api_key"][1] == "environment OPENAI_API_KEY_FILE"


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "FOLKMOOT_SECRET_KEY"])
def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "key").write_text(KEY)
    with pytest.raises(ConfigurationInvalid, match=f"{name} is set, too"):
        load({name: KEY, f"{name}_FILE": str(tmp_path / "key")})


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfesecret", "is not UTF-8")],
)
@pytest.mark.parametrize("name", ["GOOGLE_API_KEY_FILE", "FOLKMOOT_DATABASE_URL_FILE"])
def test_a_file_of_a_secret_that_cannot_be_read_is_told_without_what_it_holds(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigurationInvalid) as refused:
        load({name: str(tmp_path / "key")})
    assert f"environment {name}: " in str(refused.value)
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value).partition(str(tmp_path))[2]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("prot: 1\n", "prot: there is no such setting; is it port?"),
        ("nonsense: 1\n", "nonsense: there is no such setting"),
        ("providers: openai\n", "providers: it must hold names and values"),
        ("providers:\n  langchain: openai\n", "providers.langchain: it must hold names and values"),
        ("port:\n  number: 1\n", "port.number: there is no such setting"),
        ("port: many\n", "port: Input should be a valid integer"),
        ("trusted_hosts: [one.example, 2]\n", "trusted_hosts: Input should be a valid string"),
        ("model_limits:\n  idle: 0\n", "model_limits.idle: Input should be greater than 0"),
        ("providers:\n  langchain:\n    a: b\n", "providers.langchain.a: String should match"),
        ("log_level: loud\n", "log_level: String should match"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_the_file_the_name_and_the_reason(
    tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "folkmoot.yaml").write_text(content)
    with pytest.raises(ConfigurationInvalid) as refused:
        load({"OPENAI_API_KEY": "sk-1"})
    assert str(refused.value).startswith(f"folkmoot.yaml: {told}")


def test_what_breaks_a_file_is_told_by_its_line_and_not_by_what_stands_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "folkmoot.yaml").write_text("port: 1\nsecret_key: [very-secret\nmode: dev\n")
    with pytest.raises(ConfigurationInvalid, match=r"folkmoot\.yaml: \(file\): line 3") as refused:
        load({})
    assert "very-secret" not in str(refused.value)


def test_a_name_without_a_value_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "folkmoot.yaml").write_text("data_dir:\nproviders:\n  # openai_api_key: …\n")
    assert load({}).origins == {}


def test_providers_that_come_as_python_are_named_by_the_operator(tmp_path: Path) -> None:
    assert rows(load({}))["providers.langchain"] == ("", "default")
    (tmp_path / "folkmoot.yaml").write_text("providers:\n  langchain:\n    One: a.b:c\n")
    loaded = load({"FOLKMOOT_PROVIDERS__LANGCHAIN__TWO": "d:e"})
    assert loaded.deployment.providers.langchain == {"One": "a.b:c", "two": "d:e"}
    assert rows(loaded)["providers.langchain.One"] == ("a.b:c", "folkmoot.yaml")


def test_data_are_kept_in_the_checkout_that_this_runs_from(tmp_path: Path) -> None:
    assert usual_data_dir(tmp_path) == INSTALLED_DATA
    (tmp_path / "src" / "folkmoot").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    assert usual_data_dir(tmp_path) == tmp_path / ".folkmoot"


def test_defaults_of_settings_are_set_one_by_one_and_typed(tmp_path: Path) -> None:
    (tmp_path / "folkmoot.yaml").write_text("defaults:\n  retrieval:\n    k: 5\n")
    loaded = load(
        {
            "FOLKMOOT_DEFAULTS__GUARDRAILS__REDACT_PII": "yes",
            "FOLKMOOT_DEFAULTS__MODELS__TEMPERATURE": "0.5",
            "FOLKMOOT_DEFAULTS__MODELS__ALLOWED_MODELS": "openai:a, openai:b",
            "FOLKMOOT_DEFAULTS__BUDGET__DAILY_CALLS": "100",
            "FOLKMOOT_FEATURES__SECRETS": "false",
        }
    )
    defaults = loaded.deployment.defaults
    assert (defaults.retrieval.k, defaults.guardrails.redact_pii) == (5, True)
    assert defaults.retrieval.chunk_size == 1_200
    assert defaults.models.temperature == 0.5
    assert defaults.models.allowed_models == ["openai:a", "openai:b"]
    assert defaults.budget.daily_calls == 100
    assert not loaded.deployment.features.secrets
    assert rows(loaded)["defaults.retrieval.k"] == ("5", "folkmoot.yaml")


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"FOLKMOOT_FEATURES__SECRET": "true"}, "features.secret: there is no such setting; is it"),
        ({"FOLKMOOT_FEATURES__SECRETS": "perhaps"}, "features.secrets: Input should be a valid"),
        ({"FOLKMOOT_DEFAULTS__RETRIEVAL__K": "many"}, "defaults.retrieval.k: Input should be"),
        ({"FOLKMOOT_DEFAULTS__RETRIEVAL__K": "0"}, "defaults.retrieval.k: Input should be"),
        ({"FOLKMOOT_DEFAULTS__THEME__ACCENT": "red"}, "defaults.theme.accent: String should"),
    ],
)
def test_a_default_out_of_bounds_stops_the_start(environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        load(environ)
    assert told in str(refused.value)


def test_a_default_that_means_nothing_here_is_refused_and_says_where_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "langmem", None)
    name = "FOLKMOOT_DEFAULTS__GENERAL__MEMORY_STRATEGY"
    wanted = r"environment FOLKMOOT_.*: defaults.general.memory_strategy: .* extra .langmem."
    with pytest.raises(ConfigurationInvalid, match=wanted):
        load({name: "langmem"})
    assert load({name: "own"}).deployment.defaults.general.memory_strategy == "own"
    zone = {"FOLKMOOT_DEFAULTS__GENERAL__TIME_ZONE": "Europe/Atlantis"}
    with pytest.raises(ConfigurationInvalid, match="There is no such time zone"):
        load(zone)
