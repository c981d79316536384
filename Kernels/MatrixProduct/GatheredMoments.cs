using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Receives the moments of the columns that a product stores, in parts of as many rows as its tile has.</summary>
/// <param name="Scalars">[1] Gives the number of real images. Rows of the others are left out.</param>
/// <param name="Parts">
/// [parts][3][columns] A part's first row, its means relative to that row, and the sums of squared distances from the means. Overwritten.
/// </param>
/// <param name="Area">Rows of an image.</param>
internal readonly record struct GatheredMoments(ReadOnlyView<StepScalars> Scalars, View<float> Parts, int Area);
