using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Kernels.Convolution.Winograd;

/// <summary>
/// The transforms of F(m, 3), Winograd's algorithm for m outputs of a filter of 3 taps, along one dimension: y = A^T ((G g) * (B^T d)), where d are m + 2 neighbouring inputs and
/// g the taps; backward dg = G^T ((A dy) * (B^T d)). In two dimensions each is applied to the columns of a tile and then to the rows of the result.
/// (https://arxiv.org/abs/1509.09308)
/// </summary>
internal unsafe interface IWinograd
{
    /// <summary>m: rows and columns of a tile of the output.</summary>
    static abstract int Outputs { get; }

    /// <summary>m + 2: rows and columns of a tile of the input, and of a tile where filter and input meet.</summary>
    static abstract int Points { get; }

    /// <summary>B^T d: <see cref="Points"/> values to as many, <paramref name="step"/> floats apart.</summary>
    static abstract void Input<T, TLine>(TLine d, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>G g: 3 values to <see cref="Points"/>.</summary>
    static abstract void Filter<T, TLine>(TLine g, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>A^T m: <see cref="Points"/> values to <see cref="Outputs"/>.</summary>
    static abstract void Output<T, TLine>(TLine m, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>A dy: <see cref="Outputs"/> values to <see cref="Points"/>.</summary>
    static abstract void OutputGradient<T, TLine>(TLine dy, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;

    /// <summary>G^T u: <see cref="Points"/> values to 3.</summary>
    static abstract void FilterGradient<T, TLine>(TLine u, float* target, nint step) where T : unmanaged, ISimd<T> where TLine : struct, ILine<T>;
}

/// <summary>Vectors that a transform reads, one behind the other in some direction.</summary>
internal interface ILine<T> where T : unmanaged, ISimd<T>
{
    T this[nint index] { get; }
}

/// <summary>Contiguous vectors, <paramref name="step"/> floats apart.</summary>
internal readonly unsafe struct Line<T>(float* first, nint step) : ILine<T> where T : unmanaged, ISimd<T>
{
    public T this[nint index] => T.Load(first + index * step);
}

/// <summary>Vectors over channel blocks that are <paramref name="blockStride"/> floats apart.</summary>
internal readonly unsafe struct BlockLine<T>(float* first, nint step, nint blockStride) : ILine<T> where T : unmanaged, ISimd<T>
{
    public T this[nint index] => T.LoadBlocks(first + index * step, blockStride);
}
