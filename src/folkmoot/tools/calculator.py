"""The tool `calculator`: arithmetic in decimal numbers of bounded size.

Expressions are parsed, never evaluated as Python. Numbers are decimal floating point of 34 digits
(IEEE 754 decimal128), so that 0.1 + 0.2 is 0.3 and no expression can take long or grow large.
"""

import ast
import decimal
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from folkmoot.kit.errors import Invalid
from folkmoot.tools.tool import Tool, ToolContext

LONGEST: Final = 500  # characters
DEEPEST: Final = 40  # levels of nesting

NUMBERS: Final = decimal.Context(
    prec=34,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


def _floor_divide(left: Decimal, right: Decimal) -> Decimal:
    return (left / right).to_integral_value(decimal.ROUND_FLOOR)


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    return left - right * _floor_divide(left, right)


def _floor(value: Decimal) -> Decimal:
    return value.to_integral_value(decimal.ROUND_FLOOR)


def _ceil(value: Decimal) -> Decimal:
    return value.to_integral_value(decimal.ROUND_CEILING)


def _exp(value: Decimal) -> Decimal:
    return value.exp()


def _ln(value: Decimal) -> Decimal:
    return value.ln()


def _log10(value: Decimal) -> Decimal:
    return value.log10()


def _sqrt(value: Decimal) -> Decimal:
    return value.sqrt()


def _round(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-int(digits)), rounding=decimal.ROUND_HALF_UP)


def _largest(*values: Decimal) -> Decimal:
    return max(values)


def _smallest(*values: Decimal) -> Decimal:
    return min(values)


BINARY: Final[Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: Decimal.__add__,
    ast.Sub: Decimal.__sub__,
    ast.Mult: Decimal.__mul__,
    ast.Div: Decimal.__truediv__,
    ast.FloorDiv: _floor_divide,
    ast.Mod: _modulo,
    ast.Pow: Decimal.__pow__,
}
UNARY: Final[Mapping[type[ast.unaryop], Callable[[Decimal], Decimal]]] = {
    ast.UAdd: Decimal.__pos__,
    ast.USub: Decimal.__neg__,
}
CONSTANTS: Final = {
    "pi": Decimal("3.141592653589793238462643383279503"),
    "e": Decimal("2.718281828459045235360287471352662"),
}
FUNCTIONS: Final[Mapping[str, Callable[..., Decimal]]] = {
    "abs": Decimal.__abs__,
    "ceil": _ceil,
    "exp": _exp,
    "floor": _floor,
    "ln": _ln,
    "log10": _log10,
    "max": _largest,
    "min": _smallest,
    "round": _round,
    "sqrt": _sqrt,
}


class ExpressionInvalid(Invalid):
    code = "expression_invalid"


def calculate(expression: str) -> str:
    """Return the value of an arithmetic expression; `^` is a power too.

    Raises:
        ExpressionInvalid: it is no arithmetic, has no value, or its value is too large.
    """
    if len(expression) > LONGEST:
        raise ExpressionInvalid(f"The expression is longer than {LONGEST} characters.")
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionInvalid("This is no arithmetic expression.") from None
    with decimal.localcontext(NUMBERS):
        try:
            return _written(_value(tree.body, 0))
        except decimal.DivisionByZero:
            raise ExpressionInvalid("Division by zero.") from None
        except decimal.Overflow:
            raise ExpressionInvalid("The result is too large.") from None
        except (decimal.InvalidOperation, TypeError, ValueError, OverflowError):
            raise ExpressionInvalid("The expression has no value.") from None


def _value(node: ast.expr, depth: int) -> Decimal:
    if depth > DEEPEST:
        raise ExpressionInvalid(f"The expression is nested deeper than {DEEPEST} levels.")
    deeper = depth + 1
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _number(number)
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.BinOp(left, op, right) if type(op) in BINARY:
            return BINARY[type(op)](_value(left, deeper), _value(right, deeper))
        case ast.UnaryOp(op, operand) if type(op) in UNARY:
            return UNARY[type(op)](_value(operand, deeper))
        case ast.Call(ast.Name(name), args, []) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument, deeper) for argument in args))
        case _:
            known = ", ".join(FUNCTIONS)
            raise ExpressionInvalid(
                f"Only numbers, + - * / // % ** ( ), pi, e and these functions are known: {known}."
            )


def _number(number: float) -> Decimal:
    value = Decimal(repr(number))
    if not value.is_finite():
        raise decimal.Overflow
    return value


def _written(value: Decimal) -> str:
    """Return a number as people write it, without trailing zeros."""
    if not value.is_finite():
        raise decimal.InvalidOperation
    value = (value + 0).normalize()  # minus zero is nothing that people write
    places = value.as_tuple().exponent
    plain = isinstance(places, int) and -NUMBERS.prec <= places <= NUMBERS.prec
    return format(value, "f") if plain else str(value)


async def answer(_context: ToolContext, arguments: dict[str, Any]) -> str:
    """Return the value of the expression."""
    return calculate(arguments["expression"])


CALCULATOR: Final = Tool(
    name="calculator",
    description=(
        "Computes an arithmetic expression exactly to 34 digits. Operators: + - * / // % **, "
        f"constants: pi, e, functions: {', '.join(FUNCTIONS)}."
    ),
    parameters={
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "maxLength": LONGEST,
                "description": "For instance 1200 * (1 + 0.05) ** 3",
            }
        },
        "required": ["expression"],
        "additionalProperties": False,
    },
    call=answer,
    idempotent=True,
    writes=False,
    trusted=True,
    timeout=5.0,
)
