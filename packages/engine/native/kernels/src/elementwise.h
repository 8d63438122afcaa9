#pragma once
#include "op.h"

// ReelbertGelu, ReelbertGeluGradient, ReelbertDropout, ReelbertDropoutAdd, ReelbertZeroUnless.
void RegisterElementwise();
