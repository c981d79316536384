using GpuCnn.Kernels;
using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>
/// Products of float32 in the tiles of matrix units keep float32's digits: numbers with all digits are compared with plain loops in
/// double, at float32's tolerance, which factors rounded to TF32 would miss by far.
/// </summary>
public sealed class UnitFloat32Tests<TDevice> : UnitKernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 2;

    private static IReadOnlyList<FactorType> OfFloat32 => GpuCnn.Kernels.MatrixProduct.FactorTypes.OfFloat32ByUnits;

    protected override void RunAll()
    {
        foreach (FactorType factors in OfFloat32) ConvolutionsMatchTheReference(new(8, 5, 6, 8, 3, 3, 2, 1, 1, 1, 1), factors);
        foreach (TileShape tile in OfFloat32.Select(Smallest)) ProductsMatchTheReference(tile, false, false);
    }

    private static IEnumerable<TestCaseData> Products() =>
        from factors in OfFloat32
        from tile in KernelVariants<TDevice>.Of(TileShape.Of(factors))
        from form in tile == Smallest(factors) ? [0, 1, 2, 3] : new[] { 0, 1 }
        select new TestCaseData(tile, form / 2 == 1, form % 2 == 1).SetArgDisplayNames(
            $"{tile}", form / 2 == 1 ? "left transposed" : "", form % 2 == 1 ? "right transposed" : "");

    /// <summary>More than one tile each way, more stages than are in flight, an end within a stage; gaps between rows stay.</summary>
    [TestCaseSource(nameof(Products))]
    public void ProductsMatchTheReference(TileShape tile, bool transposeA, bool transposeB)
    {
        var shape = new GemmShape
        {
            M = tile.M + (transposeA ? 4 : 5),
            N = tile.N + (transposeB ? 3 : 4),
            K = transposeA && !transposeB ? 2 * tile.K + 5 : 2 * tile.K + 4,
        };
        shape.PitchA = (transposeA ? shape.M : shape.K) + 4;
        shape.PitchB = (transposeB ? shape.K : shape.N) + 4;
        shape.PitchC = shape.N + 1;
        float[] a = Numbers.Reals(shape.PitchA * (transposeA ? shape.K : shape.M), 1);
        float[] b = Numbers.Reals(shape.PitchB * (transposeB ? shape.N : shape.K), 2), bias = Numbers.Reals(shape.N, 3);
        float[] there = [.. Enumerable.Repeat(-7f, shape.PitchC * shape.M)];
        double[] expected = Numbers.ToDouble(there);
        for (int m = 0; m < shape.M; m++)
            for (int n = 0; n < shape.N; n++)
            {
                double sum = bias[n];
                for (int k = 0; k < shape.K; k++)
                    sum += (double)a[transposeA ? k * shape.PitchA + m : m * shape.PitchA + k]
                        * b[transposeB ? n * shape.PitchB + k : k * shape.PitchB + n];
                expected[m * shape.PitchC + n] = sum;
            }
        var plan = new MatrixProductLaunches(shape, transposeA, transposeB, tile: tile, canSplit: false);
        DeviceBuffer<float> c = Device.Buffer<float>(there);
        plan.Launch(
            Immediately, Device.Buffer<float>(a), Device.Buffer<float>(b), Device.Buffer<float>(bias), c, c, default(Identity));
        Closeness.Check("c", c.Span, expected, Closeness.Tolerance(shape.K, Math.Pow(2, -24), expected));
    }

    private static IEnumerable<TestCaseData> Shapes()
    {
        (string Name, ConvolutionShape Shape)[] cases =
        [
            ("strides that do not divide", new(8, 9, 8, 24, 3, 5, 2, 3, 1, 2, 1)),
            ("several tiles of columns", new(72, 3, 4, 80, 1, 2, 1, 1, 0, 1, 1)),
            ("a first layer", new(3, 9, 8, 12, 5, 4, 2, 2, 2, 1, 1)),
        ];
        return from shape in KernelVariants<TDevice>.Of(cases)
               from factors in OfFloat32
               select new TestCaseData(shape.Shape, factors).SetArgDisplayNames(shape.Name, factors.Name());
    }

    /// <summary>Forward, and the gradients of the input and of the filter.</summary>
    [TestCaseSource(nameof(Shapes))]
    public void ConvolutionsMatchTheReference(ConvolutionShape shape, FactorType factors)
    {
        var numbers = new ConvolutionCase(shape, Images, (count, seed) => Numbers.Reals(count, seed));
        var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, Smallest(factors));
        var forward = new ForwardLaunches(shape, Images, choice);
        DeviceBuffer<float> filter = Device.Buffer<float>(numbers.Filter), x = Device.Buffer<float>(numbers.X);
        DeviceBuffer<float> dy = Device.Buffer<float>(numbers.GradientY), y = Device.Unset<float>(numbers.Y.Length);
        forward.Launch(
            Immediately, x, filter, Device.Buffer<float>(numbers.Bias), y, Workspace(forward.WorkspaceFloats), default(Identity));
        Check("y", y, numbers.Y);
        DeviceBuffer<float> dx = Device.Unset<float>(numbers.X.Length), dw = Device.Unset<float>(numbers.Filter.Length);
        new InputGradientLaunches(shape, Images, choice).Launch(Immediately, dy, filter, dx, dx);
        Check("dx", dx, numbers.GradientX);
        var filterGradient = new FilterGradientLaunches(shape, Images, choice);
        filterGradient.Launch(Immediately, x, dy, dw, Workspace(filterGradient.WorkspaceFloats));
        Check("dw", dw, numbers.GradientFilter);

        void Check(string what, DeviceBuffer<float> actual, double[] expected) => Closeness.Check(
            $"{what} of {choice}", actual.Span, expected, Closeness.Tolerance(numbers.LongestSum, Math.Pow(2, -24), expected));
    }

    /// <summary>
    /// Ordinary multiply-adds from asynchronous copies give the bits of the register tiles, in each form of a product and each pass of a
    /// convolution, where neither splits the reduction.
    /// </summary>
    [Test]
    public void AsyncProductsHaveTheBitsOfRegisterTiles([Values] bool transposeA, [Values] bool transposeB)
    {
        const int M = 68, N = 36, K = 100;
        float[] a = Numbers.Reals(M * K, 1), b = Numbers.Reals(K * N, 2);
        Closeness.CheckSameBits("c", Run(Smallest(FactorType.AsyncFloat32)), Run(TileShape.Medium));

        float[] Run(TileShape tile)
        {
            var plan = new MatrixProductLaunches(new() { M = M, N = N, K = K }, transposeA, transposeB, tile: tile, canSplit: false);
            DeviceBuffer<float> c = Device.Unset<float>(M * N);
            plan.Launch(Immediately, Device.Buffer<float>(a), Device.Buffer<float>(b), null, c, c, default(Identity));
            return c.Span.ToArray();
        }
    }

    [Test]
    public void AsyncConvolutionsHaveTheBitsOfRegisterTiles()
    {
        var shape = new ConvolutionShape(8, 9, 8, 24, 3, 5, 2, 3, 1, 2, 1);
        var numbers = new ConvolutionCase(shape, Images, (count, seed) => Numbers.Reals(count, seed));
        float[][] expected = Run(TileShape.Medium), actual = Run(Smallest(FactorType.AsyncFloat32));
        foreach ((float[] mine, float[] other) in actual.Zip(expected)) Closeness.CheckSameBits("result", mine, other);

        float[][] Run(TileShape tile)
        {
            var choice = new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, tile);
            DeviceBuffer<float> filter = Device.Buffer<float>(numbers.Filter), x = Device.Buffer<float>(numbers.X);
            DeviceBuffer<float> dy = Device.Buffer<float>(numbers.GradientY), y = Device.Unset<float>(numbers.Y.Length);
            DeviceBuffer<float> dx = Device.Unset<float>(numbers.X.Length), dw = Device.Unset<float>(numbers.Filter.Length);
            new ForwardLaunches(shape, Images, choice).Launch(
                Immediately, x, filter, Device.Buffer<float>(numbers.Bias), y, y, default(Identity));
            new InputGradientLaunches(shape, Images, choice).Launch(Immediately, dy, filter, dx, dx);
            var filterGradient = new FilterGradientLaunches(shape, Images, choice);
            Assert.That(filterGradient.WorkspaceFloats, Is.Zero, "one part");
            filterGradient.Launch(Immediately, x, dy, dw, dw);
            return [y.Span.ToArray(), dx.Span.ToArray(), dw.Span.ToArray()];
        }
    }

    /// <summary>
    /// The bound that <c>SplitProducts</c> states for hardware holds, and the measured error is below that of float32's own tile, from the
    /// shortest reduction that is offered to a long one, of values of mixed signs and of one sign. The last case sums as filters' gradients
    /// do, with both sides along their lines.
    /// </summary>
    [TestCase(64, false, false)]
    [TestCase(64, true, false)]
    [TestCase(4608, false, false)]
    [TestCase(4608, true, false)]
    [TestCase(4608, true, true)]
    public void SplitFactorsErrLessThanFloat32(int depth, bool isOneSign, bool transposeA)
    {
        const int M = 16, N = 8;
        float[] a = Values(M * depth, 1), b = Values(depth * N, 2);
        var expected = new double[M * N];
        var magnitudes = new double[M * N];
        for (int i = 0; i < M * N; i++)
            for (int k = 0; k < depth; k++)
            {
                double product = (double)a[transposeA ? k * M + i / N : i / N * depth + k] * b[k * N + i % N];
                expected[i] += product;
                magnitudes[i] += Math.Abs(product);
            }
        double[] split = Errors(Smallest(FactorType.SplitTF32)), plain = Errors(TileShape.Small);
        Assert.Multiple(() =>
        {
            Assert.That(split.Zip(magnitudes, (error, magnitude) => error / magnitude).Max(),
                Is.LessThan((depth / 8.0 + 48) * Math.Pow(2, -24)), "bound");
            Assert.That(depth / 8.0 + 48, Is.LessThan(depth), "below float32's bound");
            Assert.That(split.Sum(error => error * error), Is.LessThan(plain.Sum(error => error * error)), "squared errors");
            Assert.That(split.Max(), Is.LessThanOrEqualTo(plain.Max()), "largest error");
        });

        float[] Values(int count, int seed)
        {
            float[] values = Numbers.Reals(count, seed);
            return isOneSign ? Array.ConvertAll(values, Math.Abs) : values;
        }

        double[] Errors(TileShape tile)
        {
            var plan = new MatrixProductLaunches(new() { M = M, N = N, K = depth }, transposeA, tile: tile, canSplit: false);
            DeviceBuffer<float> c = Device.Unset<float>(M * N);
            plan.Launch(Immediately, Device.Buffer<float>(a), Device.Buffer<float>(b), null, c, c, default(Identity));
            return [.. c.Span.ToArray().Select((value, i) => Math.Abs(value - expected[i]))];
        }
    }

    /// <summary>
    /// Infinity, NaN and the largest and smallest factors give what float32's own tile gives: each row of the left matrix has one, which
    /// meets each column's. The smallest count as multiples of 2^-136.
    /// </summary>
    [TestCaseSource(nameof(OfFloat32))]
    public void UnusualFactorsGiveWhatFloat32Gives(FactorType factors)
    {
        const int K = 64, At = 13;
        float[] rows =
        [
            0, 1.5f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.MaxValue, -3.4e38f, 1e30f, -2047.9f, 1e-30f,
            1.1754944e-38f, 1e-40f,
        ];
        float[] columns =
        [
            0, -2.7182817f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0.33333334f, -3e38f, 1e8f, 1e-8f, 4097, 2049, 0.1f,
        ];
        float[] a = Numbers.Reals(rows.Length * K, 1, limit: 1e-3f), b = Numbers.Reals(K * columns.Length, 2, limit: 1e-3f);
        for (int i = 0; i < rows.Length; i++) a[i * K + At] = rows[i];
        for (int j = 0; j < columns.Length; j++) b[At * columns.Length + j] = columns[j];
        float[] actual = Run(Smallest(factors)), expected = Run(TileShape.Small);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < actual.Length; i++)
            {
                string what = $"{rows[i / columns.Length]:R} times {columns[i % columns.Length]:R}";
                if (float.IsFinite(expected[i]))
                    Assert.That(actual[i],
                        Is.EqualTo(expected[i]).Within(
                            1e-6 * Math.Max(1e-6, Math.Abs(expected[i])) + Math.ScaleB(Math.Abs(columns[i % columns.Length]), -137)),
                        what);
                else Assert.That(actual[i], Is.EqualTo(expected[i]), what);
            }
        });

        float[] Run(TileShape tile)
        {
            var plan = new MatrixProductLaunches(new() { M = rows.Length, N = columns.Length, K = K }, tile: tile, canSplit: false);
            DeviceBuffer<float> c = Device.Unset<float>(rows.Length * columns.Length);
            plan.Launch(Immediately, Device.Buffer<float>(a), Device.Buffer<float>(b), null, c, c, default(Identity));
            return c.Span.ToArray();
        }
    }

    /// <summary>Moments are of the stored values, whatever the places of a lane's sums.</summary>
    [TestCaseSource(nameof(OfFloat32))]
    public void MomentsMatchTheStoredOutput(FactorType factors)
    {
        var shape = new ConvolutionShape(8, 7, 8, 72, 3, 3, 1, 1, 1, 1, 1);
        TileShape tile = Smallest(factors);
        var plan = new ForwardLaunches(shape, Images, new(ConvolutionAlgorithm.ImplicitGemm, tile));
        int rows = Images * shape.OutputArea, tiles = (rows + tile.M - 1) / tile.M;
        DeviceBuffer<float> y = Device.Unset<float>(rows * shape.K), moments = Device.Unset<float>(tiles * 3 * shape.K);
        plan.Launch(
            Immediately, Device.Buffer<float>(Numbers.Reals(rows * shape.C, 1)), Device.Buffer<float>(Numbers.Reals(72 * shape.K, 2)),
            Device.Buffer<float>(Numbers.Reals(shape.K, 3)), y, y, default(Identity),
            moments: new(Device.Buffer(new StepScalars { Images = Images }), moments, shape.OutputArea));
        double[] means = new double[tiles * shape.K], actual = new double[tiles * shape.K];
        for (int i = 0; i < means.Length; i++)
        {
            int first = i / shape.K * tile.M, k = i % shape.K, at = i / shape.K * 3 * shape.K + k;
            means[i] = Enumerable.Range(first, Math.Min(tile.M, rows - first)).Average(row => (double)y.Span[row * shape.K + k]);
            actual[i] = (double)moments.Span[at] + moments.Span[at + shape.K];
        }
        Closeness.Check("means", [.. actual.Select(value => (float)value)], means, 1e-6);
    }
}
