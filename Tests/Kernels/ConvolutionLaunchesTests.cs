using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// Compares every convolution algorithm with plain loops in double. Eighths are summed without rounding, so results must be equal.
/// </summary>
public sealed class ConvolutionLaunchesTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 3;

    protected override void RunAll()
    {
        EveryAlgorithmMatchesReference(new(8, 9, 8, 12, 3, 5, 2, 3, 1, 2, 1));
        EveryAlgorithmMatchesReference(new(6, 7, 7, 9, 3, 2, 2, 2, 1, 0, 3));
        foreach (Type function in Functions) FunctionIsAppliedToTheResult(function);
    }

    private static IEnumerable<Type> Functions => KernelVariants<TDevice>.Of(EveryFunction.Types);

    private static IEnumerable<TestCaseData> Shapes()
    {
        yield return Case("no size is a multiple of another", new(5, 6, 7, 7, 3, 3, 1, 1, 1, 1, 1));
        yield return Case("channels in fours, strides that do not divide", new(8, 9, 8, 12, 3, 5, 2, 3, 1, 2, 1));
        yield return Case("one channel", new(1, 9, 9, 6, 5, 5, 1, 1, 0, 0, 1));
        // Costs three more kernels to compile, and the other cases cover all of their parts.
        if (typeof(TDevice) == typeof(DebugSampleDevice))
            yield return Case("channels in fours, filters not", new(4, 5, 5, 6, 3, 3, 1, 1, 1, 1, 1));
        yield return Case("filters in fours, channels not", new(3, 5, 5, 8, 3, 3, 2, 2, 1, 1, 1));
        yield return Case("two groups", new(8, 5, 6, 16, 3, 3, 1, 1, 1, 1, 2));
        yield return Case("three groups, strided", new(6, 7, 7, 9, 3, 2, 2, 2, 1, 0, 3));
        yield return Case("a group per channel", new(4, 6, 5, 4, 3, 3, 1, 1, 1, 1, 4));
        yield return Case("more padding than half the filter", new(4, 4, 3, 4, 3, 3, 1, 1, 2, 2, 1));
        yield return Case("windows that are all padding", new(4, 3, 4, 4, 2, 2, 2, 1, 3, 2, 1));
        yield return Case("a filter larger than the map", new(3, 2, 2, 5, 5, 5, 1, 1, 2, 2, 1));
        yield return Case("a filter larger than the map, strided", new(4, 2, 3, 4, 7, 5, 2, 2, 4, 3, 1));
        yield return Case("phases without taps", new(4, 8, 7, 8, 2, 1, 3, 3, 0, 0, 1));
        yield return Case("a stride beyond the map", new(4, 2, 3, 4, 1, 2, 4, 5, 0, 1, 1));
        yield return Case("one tap", new(8, 5, 5, 8, 1, 1, 1, 1, 0, 0, 1));
        yield return Case("one tap, odd channels", new(5, 5, 5, 7, 1, 1, 1, 1, 0, 0, 1));
        yield return Case("one tap in groups", new(8, 5, 5, 8, 1, 1, 1, 1, 0, 0, 2));
        yield return Case("one tap, strided", new(4, 5, 5, 8, 1, 1, 2, 2, 0, 0, 1));
        yield return Case("one tap, padded", new(4, 3, 3, 8, 1, 1, 1, 1, 1, 2, 1));
        yield return Case("more channels than a tile", new(20, 4, 4, 12, 2, 2, 1, 1, 0, 0, 1));

        static TestCaseData Case(string name, ConvolutionShape shape) => new TestCaseData(shape).SetArgDisplayNames(name);
    }

    private static IEnumerable<TileShape> Tiles => KernelVariants<TDevice>.Of(TileShape.All);

    [TestCaseSource(nameof(Shapes))]
    public void EveryAlgorithmMatchesReference(ConvolutionShape shape)
    {
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        foreach (ConvolutionChoice choice in Choices(shape)) Check(shape, numbers, choice);
        var sums = new ColumnSumsLaunches(numbers.Y.Length / shape.K, shape.K);
        DeviceBuffer<float> db = Device.Unset<float>(shape.K);
        sums.Launch(Immediately, Device.Buffer<float>(numbers.GradientY), db, Workspace(sums.WorkspaceFloats));
        Closeness.Check("db", db.Span, numbers.GradientBias, 0);
    }

    /// <summary>More than one tile each way, with as many rows and columns as the largest tile.</summary>
    [TestCaseSource(nameof(Tiles))]
    public void EveryTileMatchesReference(TileShape tile)
    {
        var shape = new ConvolutionShape(20, 7, 8, 132, 3, 3, 1, 1, 1, 1, 1);
        Check(shape, new(shape, Images, Eighths), new(ConvolutionAlgorithm.ImplicitGemm, tile));
    }

    private static IEnumerable<ConvolutionChoice> ChoicesOfAnyShape => KernelVariants<TDevice>.Of(
        [new ConvolutionChoice(ConvolutionAlgorithm.ImplicitGemm, TinyTile.Shape), new(ConvolutionAlgorithm.Im2Col, TinyTile.Shape),
         new(ConvolutionAlgorithm.Im2Col, default, ByLibrary: true)]);

    [TestCaseSource(nameof(ChoicesOfAnyShape))]
    public void AccumulateAddsToTheResult(ConvolutionChoice choice)
    {
        const float There = 3;
        var shape = new ConvolutionShape(4, 5, 5, 4, 1, 2, 2, 2, 0, 0, 1);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        DeviceBuffer<float> y = Filled(numbers.Y.Length), dx = Filled(numbers.X.Length), dw = Filled(numbers.Filter.Length);
        Forward(new(shape, Images, choice), numbers, y, accumulate: true);
        InputGradient(new(shape, Images, choice), numbers, dx, accumulate: true);
        FilterGradient(new(shape, Images, choice), numbers, dw, accumulate: true);
        Closeness.Check("y", y.Span, [.. numbers.Y.Select(value => value + There)], 0);
        Closeness.Check("dx", dx.Span, [.. numbers.GradientX.Select(value => value + There)], 0);
        Closeness.Check("dw", dw.Span, [.. numbers.GradientFilter.Select(value => value + There)], 0);

        DeviceBuffer<float> Filled(int count) => Device.Buffer<float>([.. Enumerable.Repeat(There, count)]);
    }

    /// <summary>Writes the result to some channels of a wider volume, and leaves the others unchanged.</summary>
    [TestCase(8, 1, 12, 1)]
    [TestCase(8, 2, 20, 1)]
    [TestCase(8, 3, 11, 2)]
    [TestCase(6, 3, 12, 1)]
    public void WritesOnlyItsChannelsOfAWiderVolume(int filters, int size, int pitch, int groups)
    {
        var shape = new ConvolutionShape(4, 6, 5, filters, size, size, 1, 1, size / 2, size / 2, groups);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        int pixels = Images * shape.OutputArea;
        foreach (ConvolutionChoice choice in Choices(shape))
        {
            DeviceBuffer<float> y = Device.Unset<float>(pixels * pitch);
            Forward(new(shape, Images, choice, 1, pitch), numbers, y);
            float[][] rows = [.. y.Span.ToArray().Chunk(pitch)];
            Closeness.Check($"y of {choice}", rows.SelectMany(row => row[..filters]).ToArray(), numbers.Y, 0);
            Assert.That(rows.SelectMany(row => row[filters..]), Is.All.NaN);
        }
    }

    /// <summary>Windows of one image at a time, which need the smallest workspace.</summary>
    [Test]
    public void WindowsOfSomeImagesAtATimeMatchReference()
    {
        var shape = new ConvolutionShape(4, 6, 5, 6, 3, 3, 1, 2, 1, 0, 2);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        long image = (long)shape.OutputArea * 9 * 4;
        foreach ((long limit, ConvolutionChoice choice) in
            from limit in new[] { 1, 2 * image }
            from choice in Choices(shape)
            where choice.Algorithm == ConvolutionAlgorithm.Im2Col
            select (limit, choice))
        {
            var forward = new ForwardLaunches(shape, Images, choice, limit);
            Assert.That(forward.WorkspaceFloats, Is.EqualTo(Math.Max(limit, image)));
            Check(numbers, forward, new(shape, Images, choice, limit), new(shape, Images, choice, limit), $"{limit}");
        }
    }

    /// <summary>Pixels of many images are summed in parts.</summary>
    [Test]
    public void GradientOfManyPixelsIsCloseAndReproducible()
    {
        var shape = new ConvolutionShape(3, 9, 9, 5, 3, 3, 1, 1, 1, 1, 1);
        var numbers = new ConvolutionCase(shape, 20, (count, seed) => Numbers.Reals(count, seed));
        foreach (ConvolutionChoice choice in Choices(shape))
        {
            var plan = new FilterGradientLaunches(shape, 20, choice);
            Assert.That(plan.WorkspaceFloats, Is.GreaterThan(10 * numbers.Filter.Length));
            DeviceBuffer<float> first = Device.Unset<float>(numbers.Filter.Length), second = Device.Unset<float>(numbers.Filter.Length);
            FilterGradient(plan, numbers, first);
            FilterGradient(plan, numbers, second);
            Closeness.Check("dw", first.Span, numbers.GradientFilter,
                Closeness.Tolerance(numbers.LongestSum, Math.Pow(2, -24), numbers.GradientFilter));
            Closeness.CheckSameBits("dw", second.Span, first.Span);
        }
    }

    [TestCaseSource(nameof(Functions))]
    public void FunctionIsAppliedToTheResult(Type function) => EveryFunction.Call(this, nameof(Applies), function);

    private void Applies<TFunction>() where TFunction : unmanaged, IPointwise
    {
        var shape = new ConvolutionShape(2, 4, 5, 3, 3, 2, 1, 1, 1, 0, 1);
        var numbers = new ConvolutionCase(shape, Images, Eighths);
        double[] expected = EveryFunction.Of<TFunction>(numbers.Y);
        foreach (ConvolutionChoice choice in Choices(shape))
        {
            var plan = new ForwardLaunches(shape, Images, choice);
            DeviceBuffer<float> y = Device.Unset<float>(expected.Length);
            plan.Launch(
                Immediately, Device.Buffer<float>(numbers.X), Device.Buffer<float>(numbers.Filter), Device.Buffer<float>(numbers.Bias), y,
                Workspace(plan.WorkspaceFloats), default(TFunction));
            Closeness.Check($"y of {choice}", y.Span, expected, 2e-6 * expected.Select(Math.Abs).Max());
        }
    }

    private static float[] Eighths(int count, int seed) => Numbers.Eighths(count, seed);

    /// <summary>Each algorithm once, in the smallest tile or by the library.</summary>
    private static IEnumerable<ConvolutionChoice> Choices(ConvolutionShape shape) =>
        ConvolutionChoice.Candidates(shape, Images, ConvolutionPass.Forward, withLibrary: true)
            .Select(choice => choice.ByLibrary ? choice : choice with { Tile = TinyTile.Shape }).Distinct();

    private void Check(ConvolutionShape shape, ConvolutionCase numbers, ConvolutionChoice choice) =>
        Check(numbers, new(shape, Images, choice), new(shape, Images, choice), new(shape, Images, choice), $"{choice}");

    private void Check(ConvolutionCase numbers, ForwardLaunches forward, InputGradientLaunches inputGradient,
        FilterGradientLaunches filterGradient, string what)
    {
        DeviceBuffer<float> y = Device.Unset<float>(numbers.Y.Length), dx = Device.Unset<float>(numbers.X.Length);
        DeviceBuffer<float> dw = Device.Unset<float>(numbers.Filter.Length);
        Forward(forward, numbers, y);
        InputGradient(inputGradient, numbers, dx);
        FilterGradient(filterGradient, numbers, dw);
        Closeness.Check($"y of {what}", y.Span, numbers.Y, 0);
        Closeness.Check($"dx of {what}", dx.Span, numbers.GradientX, 0);
        Closeness.Check($"dw of {what}", dw.Span, numbers.GradientFilter, 0);
    }

    private void Forward(ForwardLaunches plan, ConvolutionCase numbers, DeviceBuffer<float> y, bool accumulate = false) => plan.Launch(
        Immediately, Device.Buffer<float>(numbers.X), Device.Buffer<float>(numbers.Filter), Device.Buffer<float>(numbers.Bias), y,
        Workspace(plan.WorkspaceFloats), default(Identity), accumulate);

    private void InputGradient(InputGradientLaunches plan, ConvolutionCase numbers, DeviceBuffer<float> dx, bool accumulate = false) =>
        plan.Launch(Immediately, Device.Buffer<float>(numbers.GradientY), Device.Buffer<float>(numbers.Filter), dx,
            Workspace(plan.WorkspaceFloats), accumulate);

    private void FilterGradient(FilterGradientLaunches plan, ConvolutionCase numbers, DeviceBuffer<float> dw, bool accumulate = false) =>
        plan.Launch(Immediately, Device.Buffer<float>(numbers.X), Device.Buffer<float>(numbers.GradientY), dw,
            Workspace(plan.WorkspaceFloats), accumulate);

    private ImmediateLaunches Immediately => new(Device);

    private DeviceBuffer<float> Workspace(long floats) => Device.Unset<float>((int)floats);
}
