"""Failures the evals slice can report."""

from folkmoot.kit.errors import Conflict, NotFound


class LabelledSetNotFound(NotFound):
    code = "labelled_set_not_found"

    def __init__(self) -> None:
        super().__init__("No labelled set with this id is visible to you.")


class EvaluationNotFound(NotFound):
    code = "evaluation_not_found"

    def __init__(self) -> None:
        super().__init__("No evaluation with this id is visible to you.")


class NothingToFind(Conflict):
    """A collection holds none of the documents that a set's judgements name."""

    code = "nothing_to_find"

    def __init__(self) -> None:
        super().__init__(
            "The collection holds none of the documents that the set's judgements name. They are"
            " named by their `external_id`."
        )


class EvaluationsDiffer(Conflict):
    """Two evaluations have not asked the same."""

    code = "evaluations_differ"

    def __init__(self) -> None:
        super().__init__(
            "Only evaluations of the same queries with the same judgements and the same `k` can be"
            " compared."
        )


class SettingNotMeasured(Conflict):
    """An evaluation has no results of a way to search, or none yet."""

    code = "setting_not_measured"

    def __init__(self) -> None:
        super().__init__("One of the evaluations has not measured this setting, or not yet.")
