# Copyright (c) mmtips authors. All rights reserved.
"""The figures of a row: what each is called, how it is read and written, and which end of it is good."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """A figure of a row: what it is called, how it is read, which end is good, if any is, and how it is written.

    ``unit`` is what the value is multiplied with before it is written with ``digits`` digits; ``words`` is what it is
    called in a sentence, if not by its heading.
    """

    heading: str
    read: Callable[[Row], float | None]
    good: str = 'highest'
    unit: float = 100
    digits: int = 1
    words: str = ''

    @property
    def said(self) -> str:
        """What it is called in a sentence."""
        return self.words or self.heading


def _consistency(protocol: str, row: str) -> Measure:
    heading = protocol if row == 'all' else f'{protocol}, {row}'
    pixels = '' if row == 'all' else f' {row}'
    return Measure(heading, lambda of: of['consistency'][protocol][row], words=f'{protocol}{pixels} consistency')


def _fidelity(protocol: str) -> Measure:
    return Measure(f'fidelity, {protocol}', lambda of: of['fidelity'][protocol])


SCORE = {'segmentation': Measure('mIoU', lambda row: row['score']),
         'classification': Measure('accuracy', lambda row: row['score'])}
SECONDS = Measure('training, s', lambda row: row['seconds'], 'lowest', 1, 0)
ITERATIONS = Measure('iterations', lambda row: row['iterations'], '', 1, 0)
PARAMETERS = Measure('parameters', lambda row: row['parameters'], '', 1, 0)
#: What the verdicts are about, by task: the consistency where most can be lost. A classifier has no foreground.
PRIMARY = {'segmentation': _consistency('standard', 'foreground'), 'classification': _consistency('standard', 'all')}
CIRCULAR = {'segmentation': _consistency('circular', 'foreground'), 'classification': _consistency('circular', 'all')}


def bias(form: str) -> Measure:
    """Maximum-sampling bias in one of its forms (:mod:`mmtips.evaluation.bias`)."""
    return Measure(f'MSB, {form}', lambda row: row['msb'][form], '', 1, 3)


def bias_forms(rows: Sequence[Row]) -> list[str]:
    """The forms of the bias that any row has, in the order of their appearance."""
    return list(dict.fromkeys(form for row in rows for form, value in row['msb'].items() if value is not None))


def measures(rows: Sequence[Row]) -> list[Measure]:
    """All that at least one of the rows of a setting has, in the order of the table."""
    every = [
        SCORE[rows[0]['task']], Measure('foreground mIoU', lambda row: row['foreground_score']),
        *(_consistency(protocol, row) for protocol in ('standard', 'circular') for row in ('all', 'foreground',
                                                                                        'border')),
        *(_fidelity(protocol) for protocol in ('standard', 'circular')), *map(bias, bias_forms(rows)), SECONDS,
        PARAMETERS
    ]
    return [measure for measure in every if any(measure.read(row) is not None for row in rows)]
