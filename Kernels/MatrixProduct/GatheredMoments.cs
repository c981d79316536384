using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Where a product leaves the moments of the columns of what it stores, in parts of as many rows as its tile has.</summary>
/// <param name="Scalars">[1] how many images are real; rows of others do not count.</param>
/// <param name="Parts">[parts][3][columns] a part's first row, its means less that, and the sums of squared distances from the means; overwritten.</param>
/// <param name="Area">Rows of an image.</param>
public readonly record struct GatheredMoments(ReadOnlyView<StepScalars> Scalars, View<float> Parts, int Area);
