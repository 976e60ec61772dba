"""`NamedTuple`, as `typing` has it, made ten times faster.

A check makes some 80 of these classes before it does anything; `typing.NamedTuple` compiles each annotation and each
constructor, which is 25 ms of a start of 100. These have one constructor, which looks at the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter

    class _Maker(type):
        def __new__(cls, name, bases, namespace):  # noqa: ANN001, ANN204
            fields = tuple(namespace.get("__annotations__", ()))
            if fields:
                namespace["_field_defaults"] = {field: namespace[field] for field in fields if field in namespace}
                namespace["_fields"] = namespace["__match_args__"] = fields
                namespace["_last"] = tuple(namespace["_field_defaults"].values())
                namespace.update({field: _tuplegetter(at, "") for at, field in enumerate(fields)})
            return super().__new__(cls, name, bases, {"__slots__": (), **namespace})

    class NamedTuple(tuple, metaclass=_Maker):
        """A tuple whose entries have names."""

        _fields = ()
        _field_defaults = {}  # noqa: RUF012
        _last = ()

        def __new__(cls, *values, **named):  # noqa: ANN002, ANN003, ANN204, D102
            missing = cls._fields[len(values) :]
            if len(values) > len(cls._fields):
                raise TypeError(f"{cls.__name__} takes {len(cls._fields)} values, not {len(values)}")
            if not named and len(missing) <= len(cls._last):
                return tuple.__new__(cls, values + cls._last[len(cls._last) - len(missing) :] if missing else values)
            defaults = cls._field_defaults
            try:
                rest = [named.pop(field) if field in named else defaults[field] for field in missing]
            except KeyError as error:
                raise TypeError(f"{cls.__name__} lacks {error}") from None
            if named:
                raise TypeError(f"{cls.__name__} has no {', '.join(named)}, or has it twice")
            return tuple.__new__(cls, (*values, *rest))

        @classmethod
        def _make(cls, values):  # noqa: ANN001, ANN206
            return cls(*values)

        def _replace(self, **named):  # noqa: ANN003, ANN202
            replaced = [named.pop(field, value) for field, value in zip(self._fields, self, strict=True)]
            if named:
                raise TypeError(f"{type(self).__name__} has no {', '.join(named)}")
            return tuple.__new__(type(self), replaced)

        __replace__ = _replace

        def _asdict(self):  # noqa: ANN202
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            shown = (f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(shown)})"

        def __getnewargs__(self):  # noqa: ANN204
            return tuple(self)
