using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Warps, matrix units and asynchronous copies, as C# and as CUDA C, against plain C#.</summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(HostCudaSampleDevice))]
[TestFixture(typeof(CudaSampleDevice))]
public sealed class WarpTests<TDevice> where TDevice : SampleDevice, new()
{
    private TDevice _device = null!;

    [SetUp]
    public void Open() => _device = SampleDevice.Open<TDevice>();

    [TearDown]
    public void Close() => _device?.Dispose();

    [Test]
    public void ShufflesReachTheirLanes()
    {
        float[] x = [.. Enumerable.Range(0, 64).Select(i => i * i - 100f)];
        DeviceBuffer<float> input = _device.Buffer<float>(x), sums = _device.Unset<float>(64);
        DeviceBuffer<uint> bits = _device.Unset<uint>(64);
        _device.Run(new WarpSums(input, sums, bits), new(1));
        // Integers below 2^24: the sums are exact. The second warp adds its sum 32 times.
        float expected = x[..32].Sum() + 32 * x[32..].Sum();
        Assert.That(sums.Span.ToArray(), Is.All.EqualTo(expected));
        for (int i = 0; i < 64; i++)
            Assert.That(bits.Span[i], Is.EqualTo(Bits.ToUInt32(x[i % 32 < 29 ? i + 3 : i])), $"lane {i % 32} of warp {i / 32}");
    }

    [TestCase(false)]
    [TestCase(true)]
    public void UnitsMultiplyRoundedOperands(bool isBFloat16)
    {
        var random = new Random(3);
        float[] x = Values(random, 512), y = Values(random, 256);
        DeviceBuffer<float> left = _device.Buffer<float>(x), right = _device.Buffer<float>(y), product = _device.Unset<float>(256);
        _device.Run(new UnitProduct(left, right, product, isBFloat16), new(1));
        double Rounded(float value) => Nearest(value, isBFloat16 ? 8 : 11, isBFloat16);
        for (int i = 0; i < 256; i++)
        {
            int warp = i / 128, row = i / 8 % 16, column = i % 8;
            double expected = 0.5;
            for (int k = 0; k < 16; k++)
                expected += Rounded(x[warp * 256 + row * 16 + k]) * Rounded(y[warp * 128 + k * 8 + column]);
            // Only the float sums of exact products round: 16 of them, below 16 in size.
            Assert.That(product.Span[i], Is.EqualTo(expected).Within(1.6e-5), $"warp {warp}, row {row}, column {column}");
        }
    }

    [Test]
    public void LoadsDealRowsOfMatricesToLanes()
    {
        ushort[] halves = [.. Enumerable.Range(0, 256).Select(i => (ushort)(1000 + i))];
        float[] x = [.. Enumerable.Range(0, 128).Select(i => Bits.ToSingle(halves[2 * i] | (uint)halves[2 * i + 1] << 16))];
        DeviceBuffer<float> input = _device.Buffer<float>(x);
        DeviceBuffer<uint> plain = _device.Unset<uint>(128), transposed = _device.Unset<uint>(128);
        _device.Run(new MatrixLoads(input, plain, transposed), new(1));
        ushort At(int matrix, int row, int column) => halves[(31 - (matrix * 8 + row)) * 8 + column];
        for (int i = 0; i < 128; i++)
        {
            int lane = i / 4, matrix = i % 4, g = lane / 4, t = lane % 4;
            Assert.That(plain.Span[i], Is.EqualTo(At(matrix, g, 2 * t) | (uint)At(matrix, g, 2 * t + 1) << 16), $"lane {lane}");
            Assert.That(transposed.Span[i], Is.EqualTo(At(matrix, 2 * t, g) | (uint)At(matrix, 2 * t + 1, g) << 16), $"lane {lane}");
        }
    }

    [TestCase(160)]
    [TestCase(140)]
    [TestCase(60)]
    public void CopiesArriveAfterTheWait(int count)
    {
        float[] x = [.. Enumerable.Range(1, count).Select(i => (float)i)];
        DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Unset<float>(160);
        _device.Run(new StagedCopy(input, output, count, 0, 3), new(1));
        for (int i = 0; i < 160; i++)
        {
            int source = i < 128 ? i : i ^ 1;
            Assert.That(output.Span[i], Is.EqualTo(source < count ? x[source] : 0), $"element {i}");
        }
    }

    [TestCase(15000)]
    [TestCase(50001)]
    public void LaunchesGiveSharedMemory(int length)
    {
        float[] x = [.. Enumerable.Range(0, length).Select(i => (float)i)];
        DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Unset<float>(length);
        _device.Run(new LargeShared(input, output, length, (4 * (length + 1) + 15) / 16 * 16 + 16), new(2));
        Assert.That(output.Span.ToArray(), Is.EqualTo(x.Reverse()));
    }

    [TestCase(1.00048828125f, 0x3F802000u)] // 1 + 2^-11 is a tie; it goes away from zero.
    [TestCase(-1.00048828125f, 0xBF802000u)]
    [TestCase(1.0004882f, 0x3F800000u)]
    [TestCase(3.1415927f, 0x40490000u)]
    [TestCase(0f, 0u)]
    [TestCase(float.PositiveInfinity, 0x7F800000u)]
    [TestCase(1e-40f, 0x00012000u)]
    public void TF32RoundsToNearestTiesAway(float x, uint expected) => Assert.That(MatrixUnit.ToTF32(x), Is.EqualTo(expected));

    [TestCase(1f, 2f, 0x40003F80u)]
    [TestCase(1.00390625f, 1.01171875f, 0x3F823F80u)] // Ties go to even.
    [TestCase(float.NaN, float.NegativeInfinity, 0xFF80FFC0u)]
    public void PairsRoundToBFloat16(float low, float high, uint expected) =>
        Assert.That(MatrixUnit.Pack(low, high), Is.EqualTo(expected));

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];

    /// <summary>Rounds to a number of significant bits, ties to even or away from zero.</summary>
    private static double Nearest(double value, int bits, bool toEven)
    {
        if (value == 0) return 0;
        double unit = Math.ScaleB(1, Math.ILogB(value) + 1 - bits);
        return Math.Round(value / unit, toEven ? MidpointRounding.ToEven : MidpointRounding.AwayFromZero) * unit;
    }
}
