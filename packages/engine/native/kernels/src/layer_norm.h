#pragma once
#include "op.h"

// ReelbertLayerNorm and ReelbertLayerNormGradient.
void RegisterLayerNorm();
