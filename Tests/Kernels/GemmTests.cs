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

    private static IEnumerable<TestCaseData> Cases() =>
        from tile in TileShape.All
        from form in ((bool A, bool B)[])[(false, false), (true, false), (false, true)]
        where form == default || tile == TileShape.Small
        from wide in (bool[])[false, true]
        select new TestCaseData(tile, form.A, form.B, wide).SetArgDisplayNames($"{tile}{(form.A ? " A'" : "")}{(form.B ? " B'" : "")}{(wide ? " wide" : "")}");

    [TestCaseSource(nameof(Cases))]
    public void Product(TileShape tile, bool transposeA, bool transposeB, bool wide)
    {
        // Two tiles and a bit each way; a pitch that is more than a row.
        (int m, int n, int k) = wide ? (tile.M + 12, tile.N + 4, 2 * tile.K + 4) : (tile.M + 5, tile.N + 3, 2 * tile.K + 3);
        int extra = wide ? 4 : 3, pitchA = (transposeA ? m : k) + extra, pitchB = (transposeB ? k : n) + extra, pitchC = n + extra;
        float[] a = KernelNumbers.Whole(pitchA * (transposeA ? k : m), 1), b = KernelNumbers.Whole(pitchB * (transposeB ? n : k), 2), bias = KernelNumbers.Whole(n, 3);
        var expected = new double[pitchC * m];
        Array.Fill(expected, 7);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                double sum = bias[j];
                for (int l = 0; l < k; l++) sum += (double)a[transposeA ? l * pitchA + i : i * pitchA + l] * b[transposeB ? j * pitchB + l : l * pitchB + j];
                expected[i * pitchC + j] = sum;
            }
        DeviceBuffer<float> c = _device.Buffer<float>([.. Enumerable.Repeat(7f, expected.Length)]);
        var shape = new GemmShape(m, n, k, pitchA, pitchB, pitchC, 0, 0, 0, 0, 1, k, 0);
        _device.Run(
            new Gemm(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, transposeA, transposeB, wide, wide, wide, true, false,
                _device.Buffer<float>(a), _device.Buffer<float>(b), _device.Buffer<float>(bias), c, shape),
            new(tile.Count(m, n)));
        KernelNumbers.AssertExact(c.Span, expected);
    }
}
