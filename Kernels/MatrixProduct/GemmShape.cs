namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>The sizes of a matrix product, in floats. The products of a batch differ by where their matrices start.</summary>
public struct GemmShape
{
    /// <summary>Rows of C, columns of C, and terms of each of its values.</summary>
    public int M, N, K;

    /// <summary>Where the first matrix starts.</summary>
    public int StartA, StartB, StartC;

    /// <summary>From one row of a matrix in memory to the next.</summary>
    public int PitchA, PitchB, PitchC;

    /// <summary>From one matrix of the batch to the next.</summary>
    public int StepA, StepB, StepC, StepBias;

    /// <summary>Parts that the reduction is split into, each of them written to a C of its own.</summary>
    public int Parts;

    /// <summary>Terms in a part: a multiple of the tile's K, unless there is but one part.</summary>
    public int PartDepth;

    /// <summary>From one part's C to the next.</summary>
    public int PartStep;
}
