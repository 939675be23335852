"""The patient of the demonstration: one of each kind of plaque, and calcium that is not coronary."""

from __future__ import annotations

from vascal.simulate.ct.patient import SimulatedPatient
from vascal.simulate.ct.plaques import Plaque

EXAMPLE_PATIENT = SimulatedPatient(sex="M", age_years=60.0, height_cm=176.0, bmi=26.0)
EXAMPLE_PLAQUES = (
    Plaque(site="LM", mass_mg=6.0, density_mg_cm3=420.0, position=0.75, kind="spotty", angle_deg=60.0),
    Plaque(site="LAD", mass_mg=24.0, density_mg_cm3=520.0, position=0.12, kind="annular", angle_deg=120.0),
    Plaque(site="LAD", mass_mg=10.0, density_mg_cm3=450.0, position=0.32, kind="linear", angle_deg=200.0),
    Plaque(site="LCX", mass_mg=8.0, density_mg_cm3=450.0, position=0.35, kind="nodular", angle_deg=20.0),
    Plaque(site="RCA", mass_mg=15.0, density_mg_cm3=500.0, position=0.22, kind="linear", angle_deg=300.0),
    Plaque(site="RCA", mass_mg=4.0, density_mg_cm3=450.0, position=0.6, kind="spotty"),
    Plaque(site="descending aorta", mass_mg=30.0, density_mg_cm3=400.0, position=0.35, angle_deg=90.0),
    Plaque(site="aortic arch", mass_mg=25.0, density_mg_cm3=400.0, position=0.4),
    Plaque(site="costal cartilage", mass_mg=20.0, density_mg_cm3=300.0, position=0.5),
)
