namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>Sizes of a matrix product, in values. The products of a batch differ only in the start of their matrices.</summary>
internal struct GemmShape
{
    /// <summary>Rows of C, columns of C, and terms of each sum.</summary>
    public int M, N, K;

    /// <summary>Start of the first matrix.</summary>
    public int StartA, StartB, StartC;

    /// <summary>Values from one row of a matrix in memory to the next.</summary>
    public int PitchA, PitchB, PitchC;

    /// <summary>Values from one matrix of the batch to the next.</summary>
    public int StepA, StepB, StepC, StepBias;

    /// <summary>Number of parts that the reduction is split into. Each part writes a C of its own.</summary>
    public int Parts;

    /// <summary>Terms in a part: a multiple of the tile's K unless there is only one part.</summary>
    public int PartDepth;

    /// <summary>Values from one part's C to the next.</summary>
    public int PartStep;
}
