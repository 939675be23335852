"""Everything vascal can refuse, as one tree.

.. code-block:: text

    VascalError
    ├── InputError (ValueError)            nothing usable was handed in
    │   ├── NotDicomError                  no DICOM or NIfTI image found
    │   └── UnsupportedImageError          an image, but not one that can be scored
    ├── GeometryError (ValueError)         slices do not make one even axial stack
    │   ├── MissingSliceError              a gap, or a slice given twice
    │   ├── GantryTiltError                slices are sheared against their normal
    │   ├── OrientationError               not axial
    │   └── GridMismatchError              two images that should share a grid do not
    ├── PixelError (ValueError)            pixels can not be turned into HU
    ├── AnatomyError (ValueError)          no heart where one is needed
    ├── FilmError (ValueError)             a radiograph that does not show the aorta from the side at L1 to L4
    │   ├── ViewError                      not a lateral view
    │   └── CoverageError                  levels are missing or hidden
    ├── RuleError (ValueError)             a scoring rule that contradicts itself or does not apply
    ├── LabelError (ValueError)            a label map or its names can not be used
    ├── SimulationError (ValueError)       a plan that can not be simulated
    ├── EvaluationError (ValueError)       numbers a statistic is not defined for
    │   ├── TableError                     rows or columns of a table that can not be used
    │   └── PlanError                      an analysis that departs from its written plan
    ├── RiskError (ValueError)             a risk formula that can not answer for this patient
    │   ├── MissingInputError              variables that it needs are not known
    │   ├── OutOfRangeError                not the patients it was made for
    │   └── ImpossibleInputError           values that can not be true
    ├── TrainingError (ValueError)         a training that can not be set up, or samples it can not use
    ├── ModelError (ValueError)            weights that are not what their manifest says
    ├── MissingExtraError (ImportError)    an optional part of vascal is not installed
    └── OutputError (OSError)              results can not be written where asked

A message names what was found and what is needed. It never holds a patient's
name, number or birth date.
"""

from __future__ import annotations


class VascalError(Exception):
    """Root of everything vascal raises on purpose."""

    code: str = "error"
    """Short stable name, used in ``failures.csv``."""


class InputError(VascalError, ValueError):
    """The input holds nothing that can be used."""

    code = "input"


class NotDicomError(InputError):
    """No DICOM or NIfTI image was found."""

    code = "not-an-image"


class UnsupportedImageError(InputError):
    """An image, but not one that can be scored (localizer, derived, not CT ...)."""

    code = "unsupported-image"


class GeometryError(VascalError, ValueError):
    """The slices do not make one even axial stack."""

    code = "geometry"


class MissingSliceError(GeometryError):
    """The spacing between slices is uneven: a slice is missing or is given twice."""

    code = "missing-slice"


class GantryTiltError(GeometryError):
    """The slices are sheared against their common normal."""

    code = "gantry-tilt"


class OrientationError(GeometryError):
    """The slices are not axial."""

    code = "not-axial"


class GridMismatchError(GeometryError):
    """Two images that should share one grid do not."""

    code = "grid-mismatch"


class PixelError(VascalError, ValueError):
    """Pixels can not be turned into HU."""

    code = "pixels"


class AnatomyError(VascalError, ValueError):
    """The scan does not show what scoring needs to see."""

    code = "no-heart"


class FilmError(VascalError, ValueError):
    """A radiograph does not show what grading the abdominal aorta needs to see."""

    code = "film"


class ViewError(FilmError):
    """Not a lateral view of the lumbar spine."""

    code = "not-lateral"


class CoverageError(FilmError):
    """Not all of L1 to L4, with the room in front of them, can be seen."""

    code = "levels-missing"


class RuleError(VascalError, ValueError):
    """A scoring rule contradicts itself or does not apply to this scan."""

    code = "rule"


class LabelError(VascalError, ValueError):
    """A label map, or the names of its values, can not be used."""

    code = "labels"


class SimulationError(VascalError, ValueError):
    """A plan asks for what can not be simulated."""

    code = "simulation"


class EvaluationError(VascalError, ValueError):
    """A statistic is not defined for these numbers."""

    code = "evaluation"


class TableError(EvaluationError):
    """Rows or columns of a table can not be used; the message names them."""

    code = "table"


class PlanError(EvaluationError):
    """An analysis departs from the plan that was written before it."""

    code = "plan"


class RiskError(VascalError, ValueError):
    """A risk formula can not answer for this patient."""

    code = "risk"


class MissingInputError(RiskError):
    """Variables that a formula needs are not known; the message names them."""

    code = "missing-input"


class OutOfRangeError(RiskError):
    """A formula was not made for such a patient; the message gives the range."""

    code = "out-of-range"


class ImpossibleInputError(RiskError):
    """A clinical value can not be true; the message names the likely cause."""

    code = "impossible-input"


class TrainingError(VascalError, ValueError):
    """A training can not be set up, or its samples can not be used."""

    code = "training"


class ModelError(VascalError, ValueError):
    """A model's weights are not what their manifest says."""

    code = "model"


class MissingExtraError(VascalError, ImportError):
    """An optional part of vascal is needed and is not installed."""

    code = "missing-extra"


class OutputError(VascalError, OSError):
    """Results can not be written where they were asked for."""

    code = "output"
