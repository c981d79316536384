using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Matrix products by translated kernels, against plain loops in double.</summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(OpenClSampleDevice))]
public sealed class GemmTests<TDevice> where TDevice : SampleDevice, new()
{
    private TDevice _device = null!;

    [SetUp]
    public void Open() => _device = new();

    [TearDown]
    public void Close() => _device?.Dispose();

    private static IEnumerable<TestCaseData> Tiles() =>
        from tile in TileShape.All
        from fours in (bool[])[false, true]
        select new TestCaseData(tile, fours).SetArgDisplayNames($"{tile}{(fours ? " in fours" : "")}");

    /// <summary>A tile and a bit each way, three steps and a bit; rows that lie apart, so that what is between them has to stay.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTile(TileShape tile, bool fours)
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
    public void Transposed(bool transposeA, bool transposeB, int m, int n, int k)
    {
        var shape = new GemmShape { M = m, N = n, K = k, PitchA = transposeA ? m : k, PitchB = transposeB ? k : n, PitchC = n };
        AssertExact(new(shape, transposeA, transposeB, tile: TileShape.Small, canSplit: false), shape, transposeA, transposeB, 1, addBias: true);
    }

    /// <summary>Matrices of a batch that lie between each other, as groups of channels do; each of them with a bias of its own.</summary>
    [Test]
    public void Batch()
    {
        const int M = 37, N = 5, K = 11, Batches = 3;
        var shape = new GemmShape
        {
            M = M, N = N, K = K, StartA = 2, StartB = 1, StartC = 3, PitchA = K * Batches, PitchB = N, PitchC = N * Batches, StepA = K, StepB = N * K, StepC = N, StepBias = N,
        };
        AssertExact(new(shape, batch: Batches, tile: TileShape.Small), shape, false, false, Batches, addBias: true);
    }

    /// <summary>A long reduction is summed in parts; with and without what is there already.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void Parts(bool accumulate)
    {
        var shape = new GemmShape { M = 33, N = 20, K = 1000, PitchA = 1000, PitchB = 20, PitchC = 20 };
        var plan = new MatrixProductPlan(shape, tile: TileShape.Small);
        Assert.That(plan.Parts, Is.GreaterThan(5));
        AssertExact(plan, shape, false, false, 1, addBias: true, accumulate);
    }

    [Test]
    public void PartsOfABatch()
    {
        var shape = new GemmShape { M = 7, N = 5, K = 300, PitchA = 300, PitchB = 5, PitchC = 5, StepA = 2100, StepB = 1500, StepC = 35 };
        var plan = new MatrixProductPlan(shape, batch: 2, tile: TileShape.Small);
        Assert.That(plan.Parts, Is.EqualTo(2));
        AssertExact(plan, shape, false, false, 2, addBias: false);
    }

    [Test]
    public void SumsOfBrokenNumbersAreCloseAndTheSameTwice()
    {
        const int M = 40, N = 24, K = 777;
        var plan = new MatrixProductPlan(new() { M = M, N = N, K = K });
        float[] a = KernelNumbers.Broken(M * K, 1), b = KernelNumbers.Broken(K * N, 2), first = Run(), second = Run();
        var expected = new double[M * N];
        for (int i = 0; i < M * N; i++)
            for (int k = 0; k < K; k++) expected[i] += (double)a[i / N * K + k] * b[k * N + i % N];
        KernelNumbers.AssertClose(first, expected, K);
        Assert.That(second, Is.EqualTo(first));

        float[] Run()
        {
            DeviceBuffer<float> c = _device.Buffer<float>(KernelNumbers.Unset(M * N)), workspace = _device.Buffer<float>(KernelNumbers.Unset((int)plan.WorkspaceFloats));
            plan.Launch(new ImmediateLaunches(_device), _device.Buffer<float>(a), _device.Buffer<float>(b), null, c, workspace);
            return c.Span.ToArray();
        }
    }

    [TestCase(7, 5)]
    [TestCase(300, 33)]
    [TestCase(20000, 3)]
    public void ColumnSums(int rows, int columns)
    {
        float[] x = KernelNumbers.Whole(rows * columns, 1);
        double[] expected = [.. Enumerable.Range(0, columns).Select(column => 2.0 + Enumerable.Range(0, rows).Sum(row => x[row * columns + column]))];
        var plan = new ColumnSumsPlan(rows, columns);
        DeviceBuffer<float> sums = _device.Buffer<float>([.. Enumerable.Repeat(2f, columns)]), workspace = _device.Buffer<float>(KernelNumbers.Unset((int)plan.WorkspaceFloats));
        plan.Launch(new ImmediateLaunches(_device), _device.Buffer<float>(x), sums, workspace, accumulate: true);
        KernelNumbers.AssertExact(sums.Span, expected);
    }

    private void AssertExact(MatrixProductPlan plan, GemmShape shape, bool transposeA, bool transposeB, int batch, bool addBias, bool accumulate = false)
    {
        const int There = 7;
        float[] a = Values(shape.StartA, shape.StepA, shape.PitchA, transposeA ? shape.K : shape.M, 1), b = Values(shape.StartB, shape.StepB, shape.PitchB, transposeB ? shape.N : shape.K, 2);
        float[] bias = KernelNumbers.Whole(shape.N + shape.StepBias * batch, 3), c = Values(shape.StartC, shape.StepC, shape.PitchC, shape.M, 4);
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
        DeviceBuffer<float> result = _device.Buffer<float>(c), workspace = _device.Buffer<float>(KernelNumbers.Unset((int)plan.WorkspaceFloats));
        plan.Launch(
            new ImmediateLaunches(_device), _device.Buffer<float>(a), _device.Buffer<float>(b), addBias ? (GpuCnn.Kernels.Language.ReadOnlyView<float>)_device.Buffer<float>(bias) : null, result,
            workspace, accumulate);
        KernelNumbers.AssertExact(result.Span, expected);

        float[] Values(int start, int step, int pitch, int rows, int seed) => KernelNumbers.Whole(start + step * (batch - 1) + pitch * rows, seed);
    }
}
