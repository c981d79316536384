using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Where a product that computes the gradient dv of v = f(norm(z) + addend), or its last summand, goes through f: dz = f'(v) dv is stored,
/// and the sums over the columns that the norm's gradient needs are gathered in parts, one for each row of tiles.
/// </summary>
/// <param name="Scalars">[1] Gives the number of real images. Rows of the others are left out of the sums.</param>
/// <param name="Outputs">v, stored like the result.</param>
/// <param name="Inputs">z, at the same indexes.</param>
/// <param name="IsBFloat16Inputs">Whether z is stored as bfloat16.</param>
/// <param name="Means">[columns] The means of z.</param>
/// <param name="Parts">[parts][2][columns] Sums of dz, then of dz (z - mean). Overwritten.</param>
/// <param name="Area">Rows of an image.</param>
internal readonly record struct GatheredGradients(
    ReadOnlyView<StepScalars> Scalars, ReadOnlyView<float> Outputs, ReadOnlyView<float> Inputs, bool IsBFloat16Inputs,
    ReadOnlyView<float> Means, View<float> Parts, int Area);
