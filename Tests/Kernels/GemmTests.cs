using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Compares matrix products with plain loops in double. Eighths are summed without rounding, so results must be equal.</summary>
public sealed class GemmTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        SplitReductionMatchesReference(false);
        BatchMatchesReference();
        LibraryBatchMatchesReference(4, 4, 0);
        LibraryProductMatchesReference(false, false, false, true, 3);
        ColumnSumsMatchReference(300, 33);
        foreach (Type function in Functions) FunctionIsAppliedToTheResult(function);
    }

    private static IEnumerable<Type> Functions => KernelVariants<TDevice>.Of(EveryFunction.Types);

    private static IEnumerable<TestCaseData> Tiles() =>
        from tile in KernelVariants<TDevice>.Of(TileShape.All)
        from fours in (bool[])[false, true]
        select new TestCaseData(tile, fours).SetArgDisplayNames($"{tile}{(fours ? " in fours" : "")}");

    /// <summary>More than one tile each way, more than three steps; rows with gaps, whose content must stay.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTileMatchesReference(TileShape tile, bool fours)
    {
        int extra = fours ? 4 : 3;
        (int m, int n, int k) = fours ? (tile.M + 12, tile.N + 4, 2 * tile.K + 4) : (tile.M + 5, tile.N + 3, 2 * tile.K + 3);
        var shape = new GemmShape { M = m, N = n, K = k, PitchA = k + extra, PitchB = n + extra, PitchC = n + extra };
        AssertExact(new(shape, tile: tile), shape, false, false, 1, addBias: true);
    }

    [TestCase(true, false, 33, 21, 50)]
    [TestCase(true, false, 36, 20, 52)]
    [TestCase(false, true, 33, 21, 50)]
    [TestCase(false, true, 36, 21, 52)]
    public void TransposedFactorsMatchReference(bool transposeA, bool transposeB, int m, int n, int k)
    {
        var shape = new GemmShape { M = m, N = n, K = k, PitchA = transposeA ? m : k, PitchB = transposeB ? k : n, PitchC = n };
        AssertExact(new(shape, transposeA, transposeB, tile: TinyTile.Shape, canSplit: false), shape, transposeA, transposeB, 1,
            addBias: true);
    }

    /// <summary>Interleaved matrices of a batch, as groups of channels are, each with a bias of its own.</summary>
    [Test]
    public void BatchMatchesReference()
    {
        const int M = 37, N = 5, K = 11, Batches = 3;
        var shape = new GemmShape
        {
            M = M,
            N = N,
            K = K,
            StartA = 2,
            StartB = 1,
            StartC = 3,
            PitchA = K * Batches,
            PitchB = N,
            PitchC = N * Batches,
            StepA = K,
            StepB = N * K,
            StepC = N,
            StepBias = N,
        };
        AssertExact(new(shape, batch: Batches, tile: TinyTile.Shape), shape, false, false, Batches, addBias: true);
    }

    /// <summary>A long reduction is summed in parts, replacing the result or adding to it.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void SplitReductionMatchesReference(bool accumulate)
    {
        var shape = new GemmShape { M = 33, N = 21, K = 1001, PitchA = 1001, PitchB = 21, PitchC = 21 };
        var plan = new MatrixProductLaunches(shape, tile: TinyTile.Shape);
        Assert.That(plan.Parts, Is.GreaterThan(5));
        AssertExact(plan, shape, false, false, 1, addBias: true, accumulate);
    }

    [Test]
    public void SplitReductionOfABatchMatchesReference()
    {
        var shape = new GemmShape { M = 7, N = 5, K = 301, PitchA = 301, PitchB = 5, PitchC = 5, StepA = 2107, StepB = 1505, StepC = 35 };
        var plan = new MatrixProductLaunches(shape, batch: 2, tile: TinyTile.Shape);
        Assert.That(plan.Parts, Is.GreaterThan(5));
        AssertExact(plan, shape, false, false, 2, addBias: false);
    }

    /// <summary>
    /// Products by a library: transposed or not, with gaps between rows or not, replacing the result or adding to it.
    /// </summary>
    [Test]
    public void LibraryProductMatchesReference([Values] bool transposeA, [Values] bool transposeB, [Values] bool accumulate,
        [Values] bool addBias,
        [Values(0, 3, 4)] int extra)
    {
        // Multiples of four, or sizes without a common factor.
        (int m, int n, int k) = extra == 4 ? (12, 8, 20) : (13, 7, 19);
        int pitchA = (transposeA ? m : k) + extra, pitchB = (transposeB ? k : n) + extra;
        var shape = new GemmShape { M = m, N = n, K = k, PitchA = pitchA, PitchB = pitchB, PitchC = n + extra };
        var plan = new MatrixProductLaunches(shape, transposeA, transposeB, byLibrary: true);
        Assert.That((plan.WorkspaceFloats, plan.Parts), Is.EqualTo((0, 1)));
        AssertExact(plan, shape, transposeA, transposeB, 1, addBias, accumulate);
    }

    /// <summary>Interleaved groups, and separate matrices with a bias each.</summary>
    [TestCase(5, 5, 3)]
    [TestCase(4, 4, 0)]
    [TestCase(5, 200, 1)]
    [TestCase(4, 200, 0)]
    public void LibraryBatchMatchesReference(int n, int stepC, int start)
    {
        const int M = 11, K = 7, Batches = 3;
        var shape = new GemmShape
        {
            M = M,
            N = n,
            K = K,
            StartA = 2,
            StartB = 1,
            StartC = start,
            PitchA = K * Batches,
            PitchB = n,
            PitchC = stepC == n ? n * Batches : n,
            StepA = K,
            StepB = n * K,
            StepC = stepC,
            StepBias = n,
        };
        AssertExact(new(shape, batch: Batches, byLibrary: true), shape, false, false, Batches, addBias: true);
    }

    [Test]
    public void UnsupportedLibraryProductsAreRefused()
    {
        var plan = new MatrixProductLaunches(new() { M = 3, N = 5, K = 4 }, byLibrary: true);
        DeviceBuffer<float> a = Device.Unset<float>(12), b = Device.Unset<float>(20), c = Device.Unset<float>(15);
        var launches = new ImmediateLaunches(Device);
        Assert.That(() => plan.Launch(launches, a, b, null, c, c, default(ReLU), accumulate: true),
            Throws.ArgumentException.With.Message.Contains("ReLU").And.Message.Contains("take a tile"));
        Assert.That(() => plan.Launch(launches, a, b, null, c, c, default(Identity), moments: new()),
            Throws.ArgumentException.With.Message.Contains("in tiles"));
        Assert.That(() => plan.Launch(new KernelsAlone(), a, b, null, c, c, default(Identity)),
            Throws.ArgumentException.With.Message.Contains(nameof(KernelsAlone)));
    }

    [Test]
    public void InexactSumsAreCloseAndReproducible()
    {
        const int M = 40, N = 23, K = 777;
        var plan = new MatrixProductLaunches(new() { M = M, N = N, K = K }, tile: TinyTile.Shape);
        float[] a = Numbers.Reals(M * K, 1), b = Numbers.Reals(K * N, 2), first = Run(), second = Run();
        var expected = new double[M * N];
        for (int i = 0; i < M * N; i++)
            for (int k = 0; k < K; k++) expected[i] += (double)a[i / N * K + k] * b[k * N + i % N];
        Closeness.Check("c", first, expected, Closeness.Tolerance(K, Math.Pow(2, -24), expected));
        Closeness.CheckSameBits("c", second, first);

        float[] Run()
        {
            DeviceBuffer<float> c = Device.Unset<float>(M * N), workspace = Device.Unset<float>((int)plan.WorkspaceFloats);
            plan.Launch(new ImmediateLaunches(Device), Device.Buffer<float>(a), Device.Buffer<float>(b), null, c, workspace,
                default(Identity));
            return c.Span.ToArray();
        }
    }

    [TestCase(7, 5)]
    [TestCase(300, 33)]
    [TestCase(20000, 3)]
    public void ColumnSumsMatchReference(int rows, int columns)
    {
        float[] x = Numbers.Eighths(rows * columns, 1);
        double[] expected =
            [.. Enumerable.Range(0, columns).Select(column => 2.0 + Enumerable.Range(0, rows).Sum(row => x[row * columns + column]))];
        var plan = new ColumnSumsLaunches(rows, columns);
        DeviceBuffer<float> sums = Device.Buffer<float>([.. Enumerable.Repeat(2f, columns)]);
        DeviceBuffer<float> workspace = Device.Unset<float>((int)plan.WorkspaceFloats);
        plan.Launch(new ImmediateLaunches(Device), Device.Buffer<float>(x), sums, workspace, accumulate: true);
        Closeness.Check("sums", sums.Span, expected, 0);
    }

    [TestCaseSource(nameof(Functions))]
    public void FunctionIsAppliedToTheResult(Type function) => EveryFunction.Call(this, nameof(Applies), function);

    /// <summary>Applies a function to a product, to the sum of its parts, and to a library's result.</summary>
    private void Applies<TFunction>() where TFunction : unmanaged, IPointwise
    {
        const int M = 3, N = 5, K = 301;
        float[] a = Numbers.Eighths(M * K, 1), b = Numbers.Eighths(K * N, 2, limit: 0.25f), bias = Numbers.Eighths(N, 3);
        double[] expected = EveryFunction.Of<TFunction>(
            [.. Enumerable.Range(0, M * N).Select(i =>
                bias[i % N] + Enumerable.Range(0, K).Sum(k => (double)a[i / N * K + k] * b[k * N + i % N]))]);
        foreach ((bool canSplit, bool byLibrary) in new[] { (false, false), (true, false), (false, true) })
        {
            var plan = new MatrixProductLaunches(new() { M = M, N = N, K = K }, tile: TinyTile.Shape, canSplit: canSplit,
                byLibrary: byLibrary);
            Assert.That(plan.Parts > 1, Is.EqualTo(canSplit));
            DeviceBuffer<float> c = Device.Unset<float>(M * N);
            plan.Launch(
                new ImmediateLaunches(Device), Device.Buffer<float>(a), Device.Buffer<float>(b), Device.Buffer<float>(bias), c,
                Device.Unset<float>((int)plan.WorkspaceFloats), default(TFunction));
            Closeness.Check("c", c.Span, expected, 2e-6 * expected.Select(Math.Abs).Max());
        }
    }

    private readonly struct KernelsAlone : IKernelLaunches
    {
        public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel =>
            throw new InvalidOperationException("Expected no launch.");
    }

    private void AssertExact(
        MatrixProductLaunches plan, GemmShape shape, bool transposeA, bool transposeB, int batch, bool addBias, bool accumulate = false)
    {
        const int There = 7;
        float[] a = Values(shape.StartA, shape.StepA, shape.PitchA, transposeA ? shape.K : shape.M, 1);
        float[] b = Values(shape.StartB, shape.StepB, shape.PitchB, transposeB ? shape.N : shape.K, 2);
        float[] bias = Numbers.Eighths(shape.N + shape.StepBias * batch, 3),
            c = Values(shape.StartC, shape.StepC, shape.PitchC, shape.M, 4);
        Array.Fill(c, There);
        double[] expected = [.. c];
        for (int g = 0; g < batch; g++)
            for (int m = 0; m < shape.M; m++)
                for (int n = 0; n < shape.N; n++)
                {
                    double sum = (addBias ? bias[g * shape.StepBias + n] : 0) + (accumulate ? There : 0);
                    for (int k = 0; k < shape.K; k++)
                    {
                        int left = shape.StartA + g * shape.StepA + (transposeA ? k * shape.PitchA + m : m * shape.PitchA + k);
                        int right = shape.StartB + g * shape.StepB + (transposeB ? n * shape.PitchB + k : k * shape.PitchB + n);
                        sum += (double)a[left] * b[right];
                    }
                    expected[shape.StartC + g * shape.StepC + m * shape.PitchC + n] = sum;
                }
        DeviceBuffer<float> result = Device.Buffer<float>(c), workspace = Device.Unset<float>((int)plan.WorkspaceFloats);
        plan.Launch(
            new ImmediateLaunches(Device), Device.Buffer<float>(a), Device.Buffer<float>(b),
            addBias ? (ReadOnlyView<float>)Device.Buffer<float>(bias) : null, result, workspace, default(Identity), accumulate);
        Closeness.Check("c", result.Span, expected, 0);

        float[] Values(int start, int step, int pitch, int rows, int seed) =>
            Numbers.Eighths(start + step * (batch - 1) + pitch * rows, seed);
    }
}
