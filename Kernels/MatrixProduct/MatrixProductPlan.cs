using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// The launches of C = f(A B + bias) for a batch of matrices stored row by row. Pitches and steps that are not set are those of matrices without gaps. All sizes are floats; views start at multiples of 16
/// bytes.
/// </summary>
public sealed class MatrixProductPlan
{
    private readonly GemmShape _shape;
    private readonly bool _transposeA, _transposeB;
    private readonly int _batch;

    /// <param name="shape">M, N, K and what differs from matrices without gaps; its parts are set here.</param>
    /// <param name="transposeA">Whether A is stored as [K][M].</param>
    /// <param name="transposeB">Whether B is stored as [N][K].</param>
    /// <param name="tile">The tile, or null for the one that follows from the sizes.</param>
    /// <param name="canSplit">Whether the reduction may be split, which takes a workspace.</param>
    public MatrixProductPlan(GemmShape shape, bool transposeA = false, bool transposeB = false, int batch = 1, TileShape? tile = null, bool canSplit = true)
    {
        if (shape.PitchA == 0) shape.PitchA = transposeA ? shape.M : shape.K;
        if (shape.PitchB == 0) shape.PitchB = transposeB ? shape.K : shape.N;
        if (shape.PitchC == 0) shape.PitchC = shape.N;
        _transposeA = transposeA;
        _transposeB = transposeB;
        _batch = batch;
        // Parts are summed as one run of values, under each of which the same bias lies.
        canSplit = canSplit && shape is { StartC: 0, StepBias: 0 } && shape.PitchC == shape.N && (batch == 1 || shape.StepC == shape.M * shape.N);
        Tile = tile ?? TileChoice.For(shape.M, shape.N, shape.K, batch, canSplit);
        (shape.Parts, shape.PartDepth) = canSplit ? TileChoice.Parts((long)Tile.Count(shape.M, shape.N) * batch, shape.K, Tile) : (1, shape.K);
        shape.PartStep = batch * shape.M * shape.N;
        _shape = shape;
    }

    public TileShape Tile { get; }

    /// <summary>Parts of the reduction, which are summed after the product.</summary>
    public int Parts => _shape.Parts;

    /// <summary>Floats that the launches need beside their arguments.</summary>
    public long WorkspaceFloats => Parts > 1 ? (long)Parts * _shape.PartStep : 0;

    /// <param name="bias">[N] for each matrix of the batch, StepBias apart, or null.</param>
    /// <param name="workspace">At least <see cref="WorkspaceFloats"/>; any view where that is 0.</param>
    /// <param name="accumulate">Whether C is added to, not written over.</param>
    /// <param name="moments">Where to leave the moments of C's columns, in parts of the tile's rows, or null. Of one matrix whose reduction is not split, and that is stored as it is.</param>
    public void Launch<TLaunches, TFunction>(
        TLaunches launches, ReadOnlyView<float> a, ReadOnlyView<float> b, ReadOnlyView<float>? bias, View<float> c, View<float> workspace, TFunction function, bool accumulate = false,
        GatheredMoments? moments = null)
        where TLaunches : IKernelLaunches where TFunction : unmanaged, IPointwise
    {
        if (moments is not null && (Parts > 1 || _batch > 1 || accumulate || function is not Identity))
            throw new ArgumentException("Moments are gathered of one product in one part that is stored as it is.", nameof(moments));
        bool wideA = Fours(_transposeA ? _shape.M : _shape.K, _shape.PitchA, _shape.StartA, _shape.StepA);
        bool wideB = Fours(_transposeB ? _shape.K : _shape.N, _shape.PitchB, _shape.StartB, _shape.StepB);
        bool wideC = Fours(_shape.N, _shape.PitchC, _shape.StartC, _shape.StepC, _shape.StepBias);
        if (Parts == 1)
        {
            Add(c, function, bias is not null, accumulate);
            return;
        }
        Add(workspace, new Identity(), false, false);
        var sum = new SumParts<TFunction>(bias is not null, accumulate, workspace, bias ?? b, c, Parts, _shape.PartStep, new(_shape.N), function);
        launches.Add(sum, sum.Groups);

        void Add<TOwn>(View<float> target, TOwn own, bool addBias, bool adds) where TOwn : unmanaged, IPointwise => launches.Add(
            new Gemm<TOwn>(
                Tile.M, Tile.N, Tile.K, Tile.PerM, Tile.PerN, _transposeA, _transposeB, wideA, wideB, wideC, addBias, adds, moments is not null, a, b,
                bias ?? b, target, moments?.Scalars ?? default, moments?.Parts ?? default, _shape, moments?.Area ?? 0, own),
            new(Tile.Count(_shape.M, _shape.N), 1, _batch * Parts));
    }

    private static bool Fours(params ReadOnlySpan<int> sizes)
    {
        foreach (int size in sizes)
            if (size % 4 != 0) return false;
        return true;
    }
}
