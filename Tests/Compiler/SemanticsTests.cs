using System.Runtime.InteropServices;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using GpuCnn.Tests.Devices.Ilgpu;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Compares sample kernels, run as C# and as translated text, with plain C#.</summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(OpenClSampleDevice))]
[TestFixture(typeof(HostCudaSampleDevice))]
[TestFixture(typeof(CudaSampleDevice))]
[TestFixture(typeof(IlgpuOpenClSampleDevice))]
[TestFixture(typeof(IlgpuCudaSampleDevice))]
public sealed class SemanticsTests<TDevice> where TDevice : SampleDevice, new()
{
    private TDevice _device = null!;

    [SetUp]
    public void Open() => _device = SampleDevice.Open<TDevice>();

    [TearDown]
    public void Close() => _device?.Dispose();

    [TestCase(Curve.Identity)]
    [TestCase(Curve.ReLU)]
    [TestCase(Curve.Sigmoid)]
    public void PointwiseKernelMatchesCSharp(Curve curve)
    {
        const int Count = 100;
        float[] x = Values(Count, 1);
        DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Buffer(new float[Count]);
        _device.Run(new ScaleShift(curve, 0.1f, input, output, 2, -0.5f, Count), new(Size3.Groups(Count, 64)));
        AssertClose(output.Span, [.. x.Select(value =>
        {
            float linear = 2 * value - 0.5f;
            return curve switch { Curve.ReLU => linear > 0
                ? linear
                : 0.1f * linear, Curve.Sigmoid => 1 / (1 + MathF.Exp(-linear)), _ => linear };
        })]);
    }

    [Test]
    public void ReductionWithBarriersInAGenericHelperMatchesCSharp()
    {
        const int Rows = 3, Width = 200;
        float[] x = Values(Rows * Width, 2);
        DeviceBuffer<float> input = _device.Buffer<float>(x), sums = _device.Buffer(new float[Rows]),
            largest = _device.Buffer(new float[Rows]);
        _device.Run(new RowSum(input, sums, largest, Width), new(Rows));
        AssertClose(sums.Span, [.. x.Chunk(Width).Select(row => (float)row.Sum(value => (double)value))]);
        AssertClose(largest.Span, [.. x.Chunk(Width).Select(row => row.Max())], 0);
    }

    [TestCase(16, 8)]
    [TestCase(32, 16)]
    public void TiledGemmMatchesCSharp(int tile, int depth)
    {
        const int M = 64, N = 32, K = 48;
        float[] a = Values(M * K, 3), b = Values(K * N, 4), c = new float[M * N];
        DeviceBuffer<float> left = _device.Buffer<float>(a), right = _device.Buffer<float>(b), result = _device.Buffer<float>(c);
        _device.Run(new TiledGemm(tile, depth, left, right, result, N, K), new(N / tile, M / tile));
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                c[i * N + j] = (float)Enumerable.Range(0, K).Sum(k => (double)a[i * K + k] * b[k * N + j]);
        AssertClose(result.Span, c);
    }

    [TestCase(PoolKind.Largest)]
    [TestCase(PoolKind.Average)]
    [TestCase(PoolKind.Count)]
    public void NestedStructsAndSwitchMatchCSharp(PoolKind kind)
    {
        const int Planes = 2, Window = 3, Height = 7, Width = 9;
        var shape = new PoolGeometry
        {
            Margin = 1,
            Stride = 2,
            Scale = 0.5f,
            In = new() { Tag = 3, Height = Height, Width = Width },
            Out = new() { Tag = 9, Height = 4, Width = 5 },
        };
        float[] x = Values(Planes * Height * Width, 5), expected = new float[Planes * 4 * 5];
        DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Buffer(new float[expected.Length]);
        _device.Run(new WindowPool(Window, input, output, shape, kind, expected.Length), new(Size3.Groups(expected.Length, 32)));
        for (int i = 0; i < expected.Length; i++)
        {
            int plane = i / 20, row = i / 5 % 4, column = i % 5;
            var seen = new List<float>();
            for (int h = row * 2 - 1; h < row * 2 + 2; h++)
                for (int w = column * 2 - 1; w < column * 2 + 2; w++)
                    if (h >= 0 && w >= 0 && h < Height && w < Width) seen.Add(x[(plane * Height + h) * Width + w]);
            float value = kind switch { PoolKind.Largest => seen.Max(), PoolKind.Average => seen.Sum() / 9, _ => seen.Count };
            expected[i] = value * 0.5f + 3;
        }
        AssertClose(output.Span, expected);
    }

    [Test]
    public void SixteenBitStorageMatchesCSharp()
    {
        float[] values = [0, -0.0f, 1, -2.5f, 65504, 1e-7f, 3.14159265f, 0.1f, float.PositiveInfinity, 1000.4f];
        const float Scale = 1.7f;
        DeviceBuffer<Float16> half = _device.Buffer<Float16>([.. values.Select(value => (Float16)value)]),
            halfOut = _device.Buffer(new Float16[values.Length]);
        DeviceBuffer<BFloat16> brain = _device.Buffer<BFloat16>([.. values.Select(value => (BFloat16)value)]),
            brainOut = _device.Buffer(new BFloat16[values.Length]);
        DeviceBuffer<float> sum = _device.Buffer(new float[values.Length]);
        _device.Run(new HalfScale(half, brain, halfOut, brainOut, sum, Scale, values.Length), new(1));
        Assert.Multiple(() =>
        {
            for (int i = 0; i < values.Length; i++)
            {
                float a = (float)(Half)values[i], b = half.Span[i];
                Assert.That(b, Is.EqualTo(a));
                Assert.That(halfOut.Span[i].Bits, Is.EqualTo(BitConverter.HalfToUInt16Bits((Half)(a * Scale))), $"half {values[i]}");
                float brainValue = brain.Span[i];
                Assert.That(brainOut.Span[i], Is.EqualTo((BFloat16)(brainValue * Scale)), $"brain {values[i]}");
                Assert.That(sum.Span[i], Is.EqualTo(a + brainValue));
            }
        });
    }

    /// <summary>Neighbours in a float keep their values, whoever stores first, and those that nobody stores stay.</summary>
    [TestCase(64, 0)]
    [TestCase(99, 0)]
    [TestCase(31, 4)]
    public void UpperHalvesAreStoredOneByOne(int count, int start)
    {
        float[] x = Values(count, 10);
        DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Unset<float>(start + (count + 3) / 2);
        View<float> target = output;
        _device.Run(new UpperHalves(input, target.Slice(start), count), new(Size3.Groups(count, 32)));
        ushort[] halves = MemoryMarshal.Cast<float, ushort>(output.Span).ToArray();
        Assert.That(halves[(2 * start)..(2 * start + count)],
            Is.EqualTo(x.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))));
        Assert.That(halves[..(2 * start)].Concat(halves[(2 * start + count)..]), Is.All.EqualTo(0xFFFF));
    }

    [Test]
    public void IntegerAtomicsMatchCSharp()
    {
        // OpenCL C 2.0's atomics take pointers to the generic address space, which PoCL does not compile.
        if (typeof(TDevice) == typeof(IlgpuOpenClSampleDevice)
            && IlgpuOpenCl.LacksGenericAddressSpace(IlgpuTestDevice.Require())) Assert.Ignore(
            "The device has no generic address space, which ILGPU's atomics need.");
        const int Count = 150, Bins = 100;
        uint[] values = [.. Enumerable.Range(0, Count).Select(i => (uint)(i * 2654435761))];
        DeviceBuffer<uint> input = _device.Buffer<uint>(values), extremes = _device.Buffer<uint>(uint.MaxValue, 0, 0, 0, uint.MaxValue);
        DeviceBuffer<int> counts = _device.Buffer(new int[Bins]), order = _device.Buffer(-1, 0);
        _device.Run(new Histogram(Bins, input, counts, extremes, order, Count), new(Size3.Groups(Count, 64)));
        int[] expected = new int[Bins];
        foreach (uint value in values) expected[value % Bins]++;
        Assert.Multiple(() =>
        {
            Assert.That(counts.Span.ToArray(), Is.EqualTo(expected));
            Assert.That(extremes.Span.ToArray(), Is.EqualTo(new[]
            {
                values.Min(), values.Max(), values.Aggregate((a, b) => a ^ b), values.Aggregate((a, b) => a | b),
                    values.Aggregate((a, b) => a & b),
            }));
            Assert.That(order.Span[1], Is.EqualTo(order.Span[0] + 1).And.GreaterThan(0));
        });
    }

    /// <summary>Takes the kernel's own C# as the truth: devices must give the same results.</summary>
    [Test]
    public void ArithmeticThatDiffersInCMatchesCSharp()
    {
        (int[] o, float[] f, long[] l) actual = Odd(_device);
        using var debug = new DebugSampleDevice();
        (int[] o, float[] f, long[] l) = Odd(debug);
        Assert.Multiple(() =>
        {
            Assert.That(actual.o, Is.EqualTo(o));
            Assert.That(actual.l, Is.EqualTo(l));
            AssertClose(actual.f, f);
            // Some results that C# defines, so that the C# is not only compared with itself.
            Assert.That(o[..6], Is.EqualTo(new[] { 1, 1333333331, 194, 73, 15, 134217728 }));
            Assert.That(o[21..26], Is.EqualTo(new[] { int.MaxValue, int.MinValue, 0, int.MaxValue, 0 }));
            Assert.That(l[..6], Is.EqualTo(new[] { long.MaxValue, 0, long.MaxValue, 0, long.MaxValue, 0 }));
        });

        static (int[], float[], long[]) Odd(SampleDevice device)
        {
            DeviceBuffer<int> o = device.Buffer(new int[33]);
            DeviceBuffer<float> f = device.Buffer(new float[20]);
            DeviceBuffer<long> l = device.Buffer(new long[11]);
            device.Run(new OddArithmetic(o, f, l, 4000000000u, -5, 250, -9000000000, 1.3f, 1.7), new(1));
            return (o.Span.ToArray(), f.Span.ToArray(), l.Span.ToArray());
        }
    }

    [Test]
    public void EveryFunctionMatchesCSharp()
    {
        (float[] y, double[] wide, int[] whole, float[] vectors) = Functions(_device);
        using var debug = new DebugSampleDevice();
        (float[] y, double[] wide, int[] whole, float[] vectors) expected = Functions(debug);
        Assert.Multiple(() =>
        {
            AssertClose(y, expected.y);
            AssertClose([.. wide.Select(value => (float)value)], [.. expected.wide.Select(value => (float)value)]);
            Assert.That(whole, Is.EqualTo(expected.whole));
            AssertClose(vectors, expected.vectors);
            Assert.That(y[4], Is.EqualTo(MathF.Exp(0.8f)).Within(1e-5));
            Assert.That(y[23], Is.EqualTo(2));
            Assert.That(y[26..33], Is.EqualTo(new float[] { 1.5f, 0.8f, 1.5f, 0.8f, 1, 1, 1 }));
            Assert.That(whole, Is.EqualTo(new[] { -11, 8, 15, 6, 328 }));
        });

        static (float[], double[], int[], float[]) Functions(SampleDevice device)
        {
            DeviceBuffer<float> y = device.Buffer(new float[34]),
                vectors = device.Buffer<float>([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0]);
            DeviceBuffer<double> wide = device.Buffer(new double[6]);
            DeviceBuffer<int> whole = device.Buffer(new int[5]);
            device.Run(new AllFunctions(y, wide, whole, vectors, 0.8f, 1.5f, float.NaN, 1.9, 11, -8), new(1));
            return (y.Span.ToArray(), wide.Span.ToArray(), whole.Span.ToArray(), vectors.Span.ToArray());
        }
    }

    [TestCase(true, 7u)]
    [TestCase(false, 0u)]
    public void ControlFlowMatchesCSharp(bool reversed, uint limit)
    {
        (int[] y, float[] z) = Run(_device, reversed, limit);
        using var debug = new DebugSampleDevice();
        (int[] y, float[] z) expected = Run(debug, reversed, limit);
        Assert.Multiple(() =>
        {
            Assert.That(y, Is.EqualTo(expected.y));
            AssertClose(z, expected.z);
            Assert.That(y[32..40], Is.EqualTo(new[] { 1, 2, 3, 3, 3, 3, 3, 3 }), "else if");
            Assert.That(y[64], Is.EqualTo(32 + 4 + 11 + 3), "members of structs");
            Assert.That(y[48..56], Is.All.EqualTo(5), "a default value");
            Assert.That(y[56..64], Is.EqualTo(new[] { 0, 1, 2, 0, 4, 5, 1, 7 }), "the first with its value");
        });

        static (int[], float[]) Run(SampleDevice device, bool reversed, uint limit)
        {
            DeviceBuffer<int> x = device.Buffer(4, 9, 2, 4, 7, 11, 9, 30), y = device.Buffer(new int[72]);
            DeviceBuffer<float> z = device.Buffer(new float[8]);
            device.Run(new ControlFlow(reversed, limit, x, y, z, new(5, 6), 8), new(1));
            return (y.Span.ToArray(), z.Span.ToArray());
        }
    }

    [TestCase(0)]
    [TestCase(3)]
    public void ViewsAtAnOffsetMatchCSharp(int start)
    {
        const int Count = 20;
        float[] x = Values(32, 7);
        byte[] bytes = [.. Enumerable.Range(1, 32).Select(i => (byte)(i * 8 - 1))];
        DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Buffer(new float[32]);
        DeviceBuffer<byte> half = _device.Buffer<byte>(bytes);
        ReadOnlyView<float> values = input;
        ReadOnlyView<byte> halves = half;
        View<float> results = output;
        _device.Run(
            new OffsetNames(values.Slice(start), halves.Slice(start + 2), results.Slice(start + 1), new(2, 0.5f), 4, Count), new(2));
        float[] expected = new float[32];
        for (int i = 0; i < Count; i++) expected[start + 1 + i] = 2 * x[start + i] + 0.5f + bytes[start + 2 + i] + 4;
        AssertClose(output.Span, expected);
    }

    [Test]
    public void DivisorsMatchCSharp()
    {
        int[] values = DivisorTests.Edges(), divisors = [.. values.Where(value => value > 0)];
        int count = values.Length * divisors.Length;
        DeviceBuffer<int> quotients = _device.Buffer(new int[count]), remainders = _device.Buffer(new int[count]);
        _device.Run(
            new Quotients(new(new(divisors.Length), values.Length),
                _device.Buffer<Divisor>([.. divisors.Select(value => new Divisor(value))]),
                _device.Buffer<int>(values), quotients, remainders),
            new(Size3.Groups(count, 64)));
        Assert.Multiple(() =>
        {
            Assert.That(quotients.Span.ToArray(), Is.EqualTo(values.SelectMany(value => divisors.Select(divisor => value / divisor))));
            Assert.That(remainders.Span.ToArray(), Is.EqualTo(values.SelectMany(value => divisors.Select(divisor => value % divisor))));
        });
    }

    [Test]
    public void GenericKernelIsCompiledForEachStruct()
    {
        Check(new Negated(), x => -x, 10);
        Check(new Scaled(-0.5f, 2), x => -0.5f * x + 2, 0.5f);
        Check(new Mappings.Nested(), x => x * x, -1);
        KernelText foreign = Mapped<Mappings.Twice<Negated>>.Text;
        Assert.That(() => foreign.In(KernelDialect.Cuda), Throws.TypeOf<NotSupportedException>().With.Message.EqualTo(
            "Kernel Mapped is not translated for Twice`1 of GpuCnn.Tests: only for structs of its own project that "
            + "implement IMapping and have no type parameters. It runs as C#, and on devices that compile it through ILGPU."));

        void Check<TMapping>(TMapping mapping, Func<float, float> apply, float start) where TMapping : unmanaged, IMapping
        {
            const int Count = 16;
            float[] x = Values(Count, 8), values = [.. x.Select(value => apply(apply(apply(value))) + value)];
            DeviceBuffer<float> input = _device.Buffer<float>(x), output = _device.Buffer(new float[Count]),
                sums = _device.Buffer(new float[2]);
            _device.Run(new Mapped<TMapping>(input, output, sums, mapping, 3), new(2));
            AssertClose(output.Span, [.. values.Select(value => value + start + 20)]);
            AssertClose(sums.Span, [.. values.Chunk(8).Select(group => group.Sum() + start)]);
        }
    }

    [Test]
    public void FormulaOfDualNumbersGivesItsDerivative()
    {
        Check(new Logistic(), x => 1 / (1 + Math.Exp(-x)), x => Math.Exp(-x) / ((1 + Math.Exp(-x)) * (1 + Math.Exp(-x))));
        Check(new Bent(0.3f), x => 0.3 * Math.Max(x, 0) * Math.Max(x, 0) + 3 * x, x => 0.6 * Math.Max(x, 0) + 3);

        void Check<TFormula>(TFormula formula, Func<double, double> value, Func<double, double> slope) where TFormula : unmanaged, IFormula
        {
            const int Count = 16;
            float[] x = Values(Count, 9);
            DeviceBuffer<float> input = _device.Buffer<float>(x), values = _device.Buffer(new float[Count]);
            DeviceBuffer<float> slopes = _device.Buffer(new float[Count]), areas = _device.Buffer(new float[Count]);
            _device.Run(new Derivatives<TFormula>(input, values, slopes, areas, formula, new(3, 5)), new(1));
            AssertClose(values.Span, [.. x.Select(item => (float)value(item))]);
            AssertClose(slopes.Span, [.. x.Select(item => (float)slope(item))]);
            AssertClose(areas.Span,
                [.. x.Select((width, height) => width * height + 200 * (width + height) + 10000 * (width + 0.25f) * height + 15
                    - 16.25f * 16)]);
        }
    }

    [TestCase(Band.Low)]
    [TestCase(Band.Middle)]
    [TestCase(Band.High)]
    public void PatternsMatchCSharp(Band band)
    {
        const int Count = 16;
        int[] x = [-4, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 20, 21, 31];
        (int[] actual, int[] expected) = (Run(_device), []);
        using (var debug = new DebugSampleDevice()) expected = Run(debug);
        Assert.Multiple(() =>
        {
            Assert.That(actual, Is.EqualTo(expected));
            Assert.That(actual[..Count], Is.EqualTo(new[] { 2, 2, 4, 2, 2, 1, 1, 1, 1, 2, 2, 2, 1, 2, 4, 3 }));
            Assert.That(actual[Count..(2 * Count)], Is.EqualTo(x.Select(v =>
                v < 0 ? -1
                : v is 0 or 1 ? 10
                : v > 5 && v != 8 && band == Band.High ? 20
                : v % 2 == 0 && band != Band.Low ? 30
                : v == 9 ? 40
                : 50)));
            Assert.That(actual[(3 * Count)..(4 * Count)], Is.EqualTo(x.Select((v, i) => x[(i + 1) % Count] + v * 100)));
            Assert.That(actual[(4 * Count)..], Is.EqualTo(x.Select(v => v > 4 ? 1 : 0)));
        });

        int[] Run(SampleDevice device)
        {
            DeviceBuffer<int> y = device.Buffer(new int[5 * Count]);
            device.Run(new Patterns(band, device.Buffer<int>(x), y, Count), new(1));
            return y.Span.ToArray();
        }
    }

    [Test]
    public void InPlaceKernelMayTakeOneBufferTwice()
    {
        DeviceBuffer<float> y = _device.Buffer<float>([1, 2, 3, 4]);
        _device.Run(new AddInPlace(y, y), new(1));
        AssertClose(y.Span, [2, 4, 6, 8]);
    }

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }

    private static void AssertClose(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, float tolerance = 1e-5f)
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length));
        for (int i = 0; i < actual.Length; i++)
        {
            if (actual[i].Equals(expected[i])) continue;
            float allowed = tolerance * Math.Max(1, Math.Abs(expected[i]));
            Assert.That(Math.Abs(actual[i] - expected[i]), Is.LessThanOrEqualTo(allowed),
                $"[{i}]: {actual[i]:G9} instead of {expected[i]:G9}");
        }
    }
}
