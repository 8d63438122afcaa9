#pragma once
#include "op.h"

// ReelbertColumnSums and ReelbertHalfSumOfSquares.
void RegisterReductions();
