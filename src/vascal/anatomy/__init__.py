"""Where things are: heart, aorta, bone, lungs, and the coronary territories."""
