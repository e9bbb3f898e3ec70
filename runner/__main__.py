from . import script

script()
