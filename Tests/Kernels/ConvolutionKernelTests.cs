using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Convolutions by translated kernels, against plain loops in double.</summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(OpenClSampleDevice))]
public sealed class ConvolutionKernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private TDevice _device = null!;

    [SetUp]
    public void Open() => _device = new();

    [TearDown]
    public void Close() => _device?.Dispose();

    private static IEnumerable<TestCaseData> Shapes()
    {
        yield return Case("nothing a multiple of anything", new(5, 6, 7, 7, 3, 3, 1, 1, 1, 1, 1));
        yield return Case("channels in fours, strides that do not divide", new(8, 9, 8, 12, 3, 5, 2, 3, 1, 2, 1));
        yield return Case("one channel", new(1, 9, 9, 6, 5, 5, 1, 1, 0, 0, 1));
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

        static TestCaseData Case(string name, ConvolutionShape shape) => new TestCaseData(shape).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Shapes))]
    public void Small(ConvolutionShape shape)
    {
        var numbers = new ConvolutionCase(shape, 3, KernelNumbers.Whole);
        foreach (ConvolutionAlgorithm algorithm in ConvolutionChoice.Candidates(shape, 3, ConvolutionPass.Forward).Select(choice => choice.Algorithm).Distinct())
        {
            var choice = new ConvolutionChoice(algorithm, TileShape.Small);
            KernelNumbers.AssertExact(Forward(shape, numbers, choice), numbers.Y, $"{algorithm} y");
            KernelNumbers.AssertExact(InputGradient(shape, numbers, choice), numbers.GradientX, $"{algorithm} dx");
            KernelNumbers.AssertExact(FilterGradient(shape, numbers, choice), numbers.GradientFilter, $"{algorithm} dw");
        }
        KernelNumbers.AssertExact(BiasGradient(numbers), numbers.GradientBias, "db");
    }

    private float[] Forward(ConvolutionShape shape, ConvolutionCase numbers, ConvolutionChoice? choice)
    {
        var plan = new ForwardPlan(shape, numbers.Images, choice);
        DeviceBuffer<float> y = Unset(numbers.Y.Length);
        plan.Launch(new ImmediateLaunches(_device), Buffer(numbers.X), Buffer(numbers.Filter), Buffer(numbers.Bias), y, Workspace(plan.WorkspaceFloats));
        return y.Span.ToArray();
    }

    private float[] InputGradient(ConvolutionShape shape, ConvolutionCase numbers, ConvolutionChoice? choice)
    {
        var plan = new InputGradientPlan(shape, numbers.Images, choice);
        DeviceBuffer<float> dx = Unset(numbers.X.Length);
        plan.Launch(new ImmediateLaunches(_device), Buffer(numbers.GradientY), Buffer(numbers.Filter), dx, Workspace(plan.WorkspaceFloats));
        return dx.Span.ToArray();
    }

    private float[] FilterGradient(ConvolutionShape shape, ConvolutionCase numbers, ConvolutionChoice? choice)
    {
        var plan = new FilterGradientPlan(shape, numbers.Images, choice);
        DeviceBuffer<float> dw = Unset(numbers.Filter.Length);
        plan.Launch(new ImmediateLaunches(_device), Buffer(numbers.X), Buffer(numbers.GradientY), dw, Workspace(plan.WorkspaceFloats));
        return dw.Span.ToArray();
    }

    private float[] BiasGradient(ConvolutionCase numbers)
    {
        var plan = new ColumnSumsPlan(numbers.Y.Length / numbers.Bias.Length, numbers.Bias.Length);
        DeviceBuffer<float> db = Unset(numbers.Bias.Length);
        plan.Launch(new ImmediateLaunches(_device), Buffer(numbers.GradientY), db, Workspace(plan.WorkspaceFloats));
        return db.Span.ToArray();
    }

    private DeviceBuffer<float> Buffer(float[] values) => _device.Buffer<float>(values);

    private DeviceBuffer<float> Unset(int count) => _device.Buffer<float>(KernelNumbers.Unset(count));

    private DeviceBuffer<float> Workspace(long floats) => Unset((int)floats);
}
