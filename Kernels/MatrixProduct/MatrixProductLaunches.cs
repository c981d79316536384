using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct.Units;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Kernels.MatrixProduct;

/// <summary>
/// Launches of C = f(A B + bias) for a batch of row-major matrices, by the tile kernels or by the device's library. Pitches and steps that
/// are not set are those of contiguous matrices. All sizes are in values, and views start at multiples of 4 values.
/// </summary>
internal sealed partial class MatrixProductLaunches
{
    private readonly GemmShape _shape;
    private readonly bool _transposeA, _transposeB, _byLibrary, _isBFloat16A, _isBFloat16B, _isBFloat16C;
    private readonly int _batch;

    /// <param name="shape">M, N, K, and what differs from contiguous matrices. The constructor sets its parts.</param>
    /// <param name="transposeA">Whether A is stored as [K][M].</param>
    /// <param name="transposeB">Whether B is stored as [N][K].</param>
    /// <param name="batch">Number of products.</param>
    /// <param name="tile">The tile, or null to choose it by the sizes.</param>
    /// <param name="canSplit">Whether the reduction may be split, which takes a workspace.</param>
    /// <param name="byLibrary">
    /// Whether a library multiplies, one matrix of the batch after the other: no tile, no parts, no workspace. The launches must then be
    /// <see cref="IProductLaunches"/>.
    /// </param>
    /// <param name="isBFloat16A">Whether A is stored as bfloat16. Likewise for B and C. The bias is floats.</param>
    /// <exception cref="ArgumentException">
    /// A library is to multiply matrices of bfloat16, or matrix units matrices that they cannot load.
    /// </exception>
    public MatrixProductLaunches(
        GemmShape shape, bool transposeA = false, bool transposeB = false, int batch = 1, TileShape? tile = null, bool canSplit = true,
        bool byLibrary = false, bool isBFloat16A = false, bool isBFloat16B = false, bool isBFloat16C = false)
    {
        if (byLibrary && (isBFloat16A || isBFloat16B || isBFloat16C))
            throw new ArgumentException("A library multiplies matrices of floats, but got bfloat16; take a tile.", nameof(byLibrary));
        if (shape.PitchA == 0) shape.PitchA = transposeA ? shape.M : shape.K;
        if (shape.PitchB == 0) shape.PitchB = transposeB ? shape.K : shape.N;
        if (shape.PitchC == 0) shape.PitchC = shape.N;
        _transposeA = transposeA;
        _transposeB = transposeB;
        _batch = batch;
        _byLibrary = byLibrary;
        _isBFloat16A = isBFloat16A;
        _isBFloat16B = isBFloat16B;
        _isBFloat16C = isBFloat16C;
        // Parts are summed as one flat run of values, which repeats one bias.
        canSplit = canSplit && !byLibrary && shape is { StartC: 0, StepBias: 0 } && shape.PitchC == shape.N
            && (batch == 1 || shape.StepC == shape.M * shape.N);
        Tile = byLibrary ? default : tile ?? TileChoice.For(shape.M, shape.N, shape.K, batch, canSplit);
        (shape.Parts, shape.PartDepth) =
            canSplit ? TileChoice.Parts((long)Tile.Count(shape.M, shape.N) * batch, shape.K, Tile) : (1, shape.K);
        shape.PartStep = batch * shape.M * shape.N;
        _shape = shape;
        CheckFactors();
    }

    /// <summary>The tile, or the default if a library multiplies.</summary>
    public TileShape Tile { get; }

    /// <summary>Number of parts of the reduction, which are summed after the product.</summary>
    public int Parts => _shape.Parts;

    /// <summary>Whether <see cref="Launch"/> can gather the sums of a norm's gradient.</summary>
    public bool GathersGradients => !_byLibrary && Parts == 1 && _batch == 1;

    /// <summary>Number of workspace floats that the launches need.</summary>
    public long WorkspaceFloats => Parts > 1 ? (long)Parts * _shape.PartStep : 0;

    /// <param name="bias">[N] for each matrix of the batch, StepBias apart, or null.</param>
    /// <param name="workspace">At least <see cref="WorkspaceFloats"/>; any view if that is 0.</param>
    /// <param name="accumulate">Whether to add to C instead of overwriting it.</param>
    /// <param name="moments">
    /// Receives the moments of C's columns in parts of the tile's rows, or null. Requires one matrix in tiles, an unsplit reduction, the
    /// identity function and no accumulation.
    /// </param>
    /// <param name="gradients">
    /// Takes what would be stored through the function's derivative, and receives the sums of the columns, or null. Requires one matrix in
    /// tiles, an unsplit reduction and no bias.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The moments or the sums cannot be gathered, the launches do not take products of a library, or a library's product would have to
    /// add f of its sums to C.
    /// </exception>
    [Dispatched]
    public void Launch<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> a, ReadOnlyView<float> b, ReadOnlyView<float>? bias, View<float> c,
        View<float> workspace, TFunction function, bool accumulate = false, GatheredMoments? moments = null,
        GatheredGradients? gradients = null)
        where TFunction : unmanaged, IPointwise
    {
        if (moments is not null && (_byLibrary || Parts > 1 || _batch > 1 || accumulate || function is not Identity))
            throw new ArgumentException(
                "Moments are gathered by a single product in tiles, in one part, without function or accumulation; pass no moments.",
                nameof(moments));
        if (gradients is not null && (!GathersGradients || bias is not null))
            throw new ArgumentException(
                "A norm's gradient is gathered by a single product in tiles, in one part, without bias; pass no gradients.",
                nameof(gradients));
        if (_byLibrary)
        {
            LaunchLibrary(launches, a, b, bias, c, function, accumulate);
            return;
        }
        bool wideA = Fours(_transposeA ? _shape.M : _shape.K, _shape.PitchA, _shape.StartA, _shape.StepA);
        bool wideB = Fours(_transposeB ? _shape.K : _shape.N, _shape.PitchB, _shape.StartB, _shape.StepB);
        bool wideC = Fours(_shape.N, _shape.PitchC, _shape.StartC, _shape.StepC, _shape.StepBias);
        if (Parts == 1)
        {
            Add(c, function, bias is not null, accumulate, _isBFloat16C);
            return;
        }
        Add(workspace, new Identity(), false, false, false);
        var sum = new SumParts<TFunction>(
            bias is not null, accumulate, _isBFloat16C, workspace, bias ?? b, c, Parts, _shape.PartStep, new(_shape.N), function);
        launches.Add(sum, sum.Groups);

        void Add<TOwn>(View<float> target, TOwn own, bool addBias, bool adds, bool isBFloat16) where TOwn : unmanaged, IPointwise
        {
            Size3 groups = new(Tile.Count(_shape.M, _shape.N), 1, _batch * Parts);
            ReadOnlyView<StepScalars> scalars = moments?.Scalars ?? gradients?.Scalars ?? default;
            View<float> parts = moments?.Parts ?? gradients?.Parts ?? default;
            int area = moments?.Area ?? gradients?.Area ?? 0;
            if (Tile.Factors == FactorType.Float32)
            {
                launches.Add(
                    new Gemm<TOwn>(
                        Tile.M, Tile.N, Tile.K, Tile.PerM, Tile.PerN, _transposeA, _transposeB, wideA, wideB, wideC, addBias, adds,
                        moments is not null, _isBFloat16A, _isBFloat16B, isBFloat16, gradients is not null,
                        gradients?.IsBFloat16Inputs ?? false, a, b, gradients?.Means ?? bias ?? b, target, scalars, parts,
                        gradients?.Outputs ?? default, gradients?.Inputs ?? default, _shape, area, own),
                    groups);
            }
            else
            {
                launches.Add(
                    new UnitGemm<TOwn>(
                        Tile.M, Tile.N, Tile.Factors, _transposeA, _transposeB, wideC, isBFloat16, addBias, adds,
                        moments is not null, gradients is not null, gradients?.IsBFloat16Inputs ?? false, a, b,
                        gradients?.Means ?? bias ?? b, target, scalars, parts, gradients?.Outputs ?? default,
                        gradients?.Inputs ?? default, _shape, area, own),
                    groups);
            }
        }
    }

    private void CheckFactors()
    {
        if (Tile.Factors == FactorType.Float32) return;
        bool areBFloat16 = Tile.Factors == FactorType.BFloat16;
        if (_isBFloat16A != areBFloat16 || _isBFloat16B != areBFloat16)
            throw new ArgumentException($"The tile {Tile} expects both factors in its own format; take a tile of float32.");
        if (!UnitTile.Takes(_shape, _transposeA, _transposeB, Tile.Factors))
        {
            throw new ArgumentException(
                $"Matrix units load whole runs of {Tile.Factors.PerLoad()} values, but got {_shape.M}x{_shape.N}x{_shape.K} for the tile "
                + $"{Tile}; take a tile of float32.");
        }
    }

    /// <summary>
    /// Launches the products of a library. A library is column-major, where C = A B reads transposed(C) = transposed(B) transposed(A): the
    /// same memory with the factors swapped. Bias and function are then applied in place.
    /// </summary>
    private void LaunchLibrary<TFunction>(
        IKernelLaunches launches, ReadOnlyView<float> a, ReadOnlyView<float> b, ReadOnlyView<float>? bias, View<float> c,
        TFunction function, bool accumulate)
        where TFunction : unmanaged, IPointwise
    {
        if (launches is not IProductLaunches products)
        {
            throw new ArgumentException(
                $"A product by a library expects launches that take one, but got {launches.GetType().Name}; take a tile.",
                nameof(launches));
        }
        if (accumulate && function is not Identity)
        {
            throw new ArgumentException(
                $"A product by a library adds plain sums to C, but got {typeof(TFunction).Name}; take a tile.", nameof(accumulate));
        }
        for (int i = 0; i < _batch; i++)
        {
            products.Add(new BlasProduct(
                _transposeB, _transposeA, _shape.N, _shape.M, _shape.K, b.Slice(_shape.StartB + i * _shape.StepB), _shape.PitchB,
                a.Slice(_shape.StartA + i * _shape.StepA), _shape.PitchA, accumulate,
                c.Slice(_shape.StartC + i * _shape.StepC), _shape.PitchC));
        }
        if (bias is null && function is Identity) return;
        // Groups that lie side by side are finished as one matrix.
        bool isOne = _batch == 1 || _shape.StepC == _shape.N && (bias is null || _shape.StepBias == _shape.N);
        int matrices = isOne ? 1 : _batch, columns = _batch / matrices * _shape.N;
        bool inFours = Fours(columns, _shape.PitchC, _shape.StartC) && (isOne || Fours(_shape.StepC, _shape.StepBias));
        int lanes = inFours ? 4 : 1, threads = columns / lanes;
        for (int i = 0; i < matrices; i++)
        {
            var finish = new FinishProduct<TFunction>(
                lanes, bias is not null, bias?.Slice(i * _shape.StepBias) ?? b, c.Slice(_shape.StartC + i * _shape.StepC), new(threads),
                _shape.PitchC, _shape.M * threads, function);
            launches.Add(finish, finish.Groups);
        }
    }

    private static bool Fours(params ReadOnlySpan<int> sizes)
    {
        foreach (int size in sizes)
            if (size % 4 != 0) return false;
        return true;
    }
}
