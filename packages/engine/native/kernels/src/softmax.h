#pragma once
#include "op.h"

// ReelbertMaskedSoftmax and ReelbertMaskedSoftmaxGradient.
void RegisterSoftmax();
