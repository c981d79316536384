using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>
/// Compares products by matrix units with plain loops in double. Eighths are held by TF32 and by bfloat16 and are summed without rounding,
/// so results must be equal.
/// </summary>
public sealed class UnitGemmTests<TDevice> : UnitKernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll()
    {
        foreach (FactorType factors in FactorTypes) InexactFactorsAreRoundedAndSumsAreReproducible(factors);
        foreach (Type function in EveryFunction.Types) FunctionIsAppliedToTheResult(function);
    }

    private static IEnumerable<Type> Functions => KernelVariants<TDevice>.Of(EveryFunction.Types);

    private static IEnumerable<TestCaseData> Tiles() =>
        from factors in FactorTypes
        from tile in KernelVariants<TDevice>.Of(TileShape.Of(factors))
        select new TestCaseData(tile).SetArgDisplayNames($"{tile}");

    /// <summary>More than one tile each way, more stages than are in flight, an end within a stage; gaps between rows stay.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTileMatchesTheReference(TileShape tile)
    {
        int gap = tile.Factors.PerLoad(), extra = typeof(TDevice) == typeof(DebugSampleDevice) ? 4 : 2;
        var shape = new GemmShape { M = tile.M + 5, N = tile.N + gap, K = extra * tile.K + gap };
        (shape.PitchA, shape.PitchB, shape.PitchC) = (shape.K + gap, shape.N + gap, shape.N + 4);
        AssertExact(shape, tile, false, false, addBias: true);
    }

    [Test]
    public void TransposedFactorsMatchTheReference([Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors,
        [Values] bool transposeA, [Values] bool transposeB)
    {
        int run = factors.PerLoad();
        // What is contiguous is a multiple of the run; the rest is odd.
        var shape = new GemmShape
        {
            M = transposeA ? 64 + run : 67,
            N = transposeB ? 69 : 64 + run,
            K = transposeA && !transposeB ? 3 * Smallest(factors).K + 5 : 2 * Smallest(factors).K + run,
        };
        AssertExact(shape, Smallest(factors), transposeA, transposeB);
    }

    /// <summary>Interleaved matrices of a batch, each with a bias of its own, in a result that is rounded.</summary>
    [TestCase(FactorType.TF32)]
    [TestCase(FactorType.BFloat16)]
    public void BatchMatchesTheReference(FactorType factors)
    {
        const int Batches = 3;
        int run = factors.PerLoad();
        var shape = new GemmShape
        {
            M = 10,
            N = run,
            K = 2 * run,
            StartA = run,
            StartB = 2 * run,
            StartC = 3,
            PitchA = 2 * run * Batches,
            PitchB = run,
            PitchC = run * Batches,
            StepA = 2 * run,
            StepB = 2 * run * run,
            StepC = run,
            StepBias = run,
        };
        AssertExact(shape, Smallest(factors), false, false, Batches, addBias: true, isRounded: true);
    }

    /// <summary>A long reduction is summed in parts, replacing the result or adding to it; a short one adds to a rounded result.</summary>
    [Test]
    public void SumsOfPartsAndSumsThatAddMatchTheReference([Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors,
        [Values] bool isSplit, [Values] bool isRounded)
    {
        TileShape tile = Smallest(factors);
        var shape = new GemmShape { M = 9, N = factors.PerLoad(), K = isSplit ? 24 * tile.K + 8 : 8 };
        Assert.That(new MatrixProductLaunches(shape, tile: tile, isBFloat16A: tile.K == 64, isBFloat16B: tile.K == 64).Parts,
            isSplit ? Is.EqualTo(3) : Is.EqualTo(1));
        AssertExact(shape, tile, false, false, addBias: true, accumulate: true, isRounded: isRounded);
    }

    /// <summary>Numbers with all digits: factors are rounded as the format says, and only the sums round besides.</summary>
    [TestCase(FactorType.TF32)]
    [TestCase(FactorType.BFloat16)]
    public void InexactFactorsAreRoundedAndSumsAreReproducible(FactorType factors)
    {
        const int M = 40, N = 24, K = 776;
        bool isBFloat16 = factors == FactorType.BFloat16;
        var plan = new MatrixProductLaunches(
            new() { M = M, N = N, K = K }, tile: Smallest(factors), isBFloat16A: isBFloat16, isBFloat16B: isBFloat16);
        float[] a = Numbers.Reals(M * K, 1), b = Numbers.Reals(K * N, 2), first = Run(), second = Run();
        float[] left = Rounded(a, factors), right = Rounded(b, factors);
        var expected = new double[M * N];
        for (int i = 0; i < M * N; i++)
            for (int k = 0; k < K; k++) expected[i] += (double)left[i / N * K + k] * right[k * N + i % N];
        Closeness.Check("c", first, expected, Closeness.Tolerance(K, Math.Pow(2, -24), expected));
        Closeness.CheckSameBits("c", second, first);

        float[] Run()
        {
            DeviceBuffer<float> c = Device.Unset<float>(M * N);
            plan.Launch(
                Immediately, Device.Stored(a, isBFloat16), Device.Stored(b, isBFloat16), null, c, Workspace(plan.WorkspaceFloats),
                default(Identity));
            return c.Span.ToArray();
        }
    }

    [TestCaseSource(nameof(Functions))]
    public void FunctionIsAppliedToTheResult(Type function) => EveryFunction.Call(this, nameof(Applies), function);

    private void Applies<TFunction>() where TFunction : unmanaged, IPointwise
    {
        const int M = 3, N = 8, K = 48;
        float[] a = Numbers.Eighths(M * K, 1), b = Numbers.Eighths(K * N, 2, limit: 0.25f), bias = Numbers.Eighths(N, 3);
        double[] expected = EveryFunction.Of<TFunction>(
            [.. Enumerable.Range(0, M * N).Select(i =>
                bias[i % N] + Enumerable.Range(0, K).Sum(k => (double)a[i / N * K + k] * b[k * N + i % N]))]);
        var plan = new MatrixProductLaunches(new() { M = M, N = N, K = K }, tile: Smallest(FactorType.TF32));
        DeviceBuffer<float> c = Device.Unset<float>(M * N);
        plan.Launch(
            Immediately, Device.Buffer<float>(a), Device.Buffer<float>(b), Device.Buffer<float>(bias), c, c, default(TFunction));
        Closeness.Check("c", c.Span, expected, 2e-6 * expected.Select(Math.Abs).Max());
    }

    [Test]
    public void MatricesThatAreNoWholeLoadsAreRefused()
    {
        TileShape tile = Smallest(FactorType.BFloat16);
        Assert.That(() => new MatrixProductLaunches(new() { M = 8, N = 8, K = 12 }, tile: tile, isBFloat16A: true, isBFloat16B: true),
            Throws.ArgumentException.With.Message.Contains("whole runs of 8").And.Message.Contains("8x8x12"));
        Assert.That(() => new MatrixProductLaunches(new() { M = 8, N = 8, K = 16 }, tile: tile, isBFloat16A: true),
            Throws.ArgumentException.With.Message.Contains("64x64x64 bf16"));
    }

    private void AssertExact(
        GemmShape shape, TileShape tile, bool transposeA, bool transposeB, int batch = 1, bool addBias = false, bool accumulate = false,
        bool isRounded = false)
    {
        const int There = 7;
        bool isBFloat16 = tile.Factors == FactorType.BFloat16;
        var plan = new MatrixProductLaunches(
            shape, transposeA, transposeB, batch, tile, isBFloat16A: isBFloat16, isBFloat16B: isBFloat16, isBFloat16C: isRounded);
        if (shape.PitchA == 0) shape.PitchA = transposeA ? shape.M : shape.K;
        if (shape.PitchB == 0) shape.PitchB = transposeB ? shape.K : shape.N;
        if (shape.PitchC == 0) shape.PitchC = shape.N;
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
                    expected[shape.StartC + g * shape.StepC + m * shape.PitchC + n] = isRounded ? (float)(BFloat16)(float)sum : sum;
                }
        DeviceBuffer<float> result = Device.Stored(c, isRounded);
        plan.Launch(
            Immediately, Device.Stored(a, isBFloat16), Device.Stored(b, isBFloat16),
            addBias ? (ReadOnlyView<float>)Device.Buffer<float>(bias) : null, result, Workspace(plan.WorkspaceFloats), default(Identity),
            accumulate);
        Closeness.Check("c", BFloat16Numbers.Values(result, c.Length, isRounded), expected, 0);

        float[] Values(int start, int step, int pitch, int rows, int seed) =>
            Numbers.Eighths(start + step * (batch - 1) + pitch * rows, seed);
    }
}
