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
