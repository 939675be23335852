# Copyright 2017 ClinRisk Ltd. Part of vascal-qrisk3, made from QRISK3-2017 (https://qrisk.org) under the GNU Lesser
# General Public License, version 3 or later, with additional terms: see disclaimer.py, COPYING.LESSER and COPYING.
"""QRISK3-2017 for men."""

from types import MappingProxyType

from vascal_qrisk3.equation import Qrisk3Equation

MEN = Qrisk3Equation(
    survival=0.977268040180206,
    age_powers=(-1, 3),
    age_centres=(0.234766781330109, 77.284080505371094),
    age_effects=(-17.839781666005575, 0.0022964880605765492),
    centres=MappingProxyType(
        {
            "bmi_1": 0.149176135659218,
            "bmi_2": 0.141913309693336,
            "cholesterol_ratio": 4.300998687744141,
            "systolic_mmhg": 128.571578979492190,
            "systolic_sd_mmhg": 8.756621360778809,
            "townsend": 0.526304900646210,
        }
    ),
    effects=MappingProxyType(
        {
            "ethnicity:indian": (0.27719248760308279, 0.0, 0.0),
            "ethnicity:pakistani": (0.47446360714931268, 0.0, 0.0),
            "ethnicity:bangladeshi": (0.52961729919689371, 0.0, 0.0),
            "ethnicity:other-asian": (0.035100159186299017, 0.0, 0.0),
            "ethnicity:black-caribbean": (-0.35807899669327919, 0.0, 0.0),
            "ethnicity:black-african": (-0.4005648523216514, 0.0, 0.0),
            "ethnicity:chinese": (-0.41522792889830173, 0.0, 0.0),
            "ethnicity:other": (-0.26321348134749967, 0.0, 0.0),
            "smoking:ex": (0.19128222863388983, -0.21011133933516346, -0.00049854870275326121),
            "smoking:light": (0.55241588192645552, 0.75268676447503191, -0.00079875633317385414),
            "smoking:moderate": (0.63835053027506072, 0.99315887556405791, -0.00083706184266251296),
            "smoking:heavy": (0.78983819881858019, 2.1331163414389076, -0.00078400319155637289),
            "bmi_1": (2.4562776660536358, 31.004952956033886, 0.0050380102356322029),
            "bmi_2": (-8.3011122314711354, -111.29157184391643, -0.013074483002524319),
            "cholesterol_ratio": (0.17340196856327111, 0.0, 0.0),
            "systolic_mmhg": (0.012910126542553305, 0.018858524469865853, -0.00001271874191588457),
            "systolic_sd_mmhg": (0.010251914291290456, 0.0, 0.0),
            "townsend": (0.033268201277287295, -0.10075548700637310, -0.000093299642323272888),
            "has_atrial_fibrillation": (0.88209236928054657, 3.4896675530623207, -0.00034995608340636049),
            "on_atypical_antipsychotics": (0.13046879855173513, 0.0, 0.0),
            "on_corticosteroids": (0.45485399750445543, 1.1708133653489108, -0.0002496045095297166),
            "has_erectile_dysfunction": (0.22251859086705383, -1.506400985745431, -0.0011058218441227373),
            "has_migraine": (0.25584178074159913, 2.3491159871402441, 0.00019896446041478631),
            "has_rheumatoid_arthritis": (0.20970658013956567, 0.0, 0.0),
            "has_chronic_kidney_disease": (0.71853261288274384, -0.50656716327223694, -0.0018325930166498813),
            "has_severe_mental_illness": (0.12133039882047164, 0.0, 0.0),
            "has_lupus": (0.4401572174457522, 0.0, 0.0),
            "has_treated_hypertension": (0.51659871082695474, 6.5114581098532671, 0.00063838053104165013),
            "diabetes:type1": (1.2343425521675175, 5.3379864878006531, 0.0006409780808752897),
            "diabetes:type2": (0.85942071430932221, 3.6461817406221311, -0.00024695695588868315),
            "has_family_history": (0.54055469009390156, 2.7808628508531887, -0.00024791809907396037),
        }
    ),
)
