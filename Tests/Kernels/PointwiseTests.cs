using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Every function of one value that there is, as a kernel of a device, against itself in float64 and that one's slope.</summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(OpenClSampleDevice))]
[TestFixture(typeof(HostCudaSampleDevice))]
[TestFixture(typeof(CudaSampleDevice))]
public sealed class PointwiseTests<TDevice> where TDevice : SampleDevice, new()
{
    /// <summary>Past the last group's last four: the tail has one, two and three floats, or none.</summary>
    private static readonly int[] Counts = [1, 3, 4, 1027, 1029, 2048];

    private static IEnumerable<TestCaseData> Functions() =>
        from type in typeof(IPointwise).Assembly.GetTypes()
        where type.IsValueType && type.IsAssignableTo(typeof(IPointwise)) && !type.IsGenericType
        from count in Counts
        select new TestCaseData(Activator.CreateInstance(typeof(Case<>).MakeGenericType(typeof(TDevice), type)), count).SetArgDisplayNames(type.Name, count.ToString());

    [TestCaseSource(nameof(Functions))]
    public void Forward(ICase function, int count) => function.Forward(count);

    [TestCaseSource(nameof(Functions))]
    public void Backward(ICase function, int count) => function.Backward(count);

    [TestCaseSource(nameof(Functions))]
    public void InPlace(ICase function, int count) => function.InPlace(count);

    public interface ICase
    {
        void Forward(int count);

        void Backward(int count);

        void InPlace(int count);
    }

    private sealed class Case<TFunction> : ICase where TFunction : unmanaged, IPointwise
    {
        public void Forward(int count)
        {
            using var device = new TDevice();
            float[] x = Values(count, 1);
            // Past the end there is room: what is written there would be seen.
            DeviceBuffer<float> input = device.Buffer<float>(x), output = device.Buffer(new float[count + 8]);
            device.Run(new PointwiseForward<TFunction>(input, output, count, default), PointwiseLaunch.Groups(count));
            Check(output.Span[..count], [.. x.Select(value => Value(value))], x);
            Assert.That(output.Span[count..].ToArray(), Is.All.Zero);
        }

        public void Backward(int count)
        {
            using var device = new TDevice();
            // Not at a kink, where there is no slope.
            float[] x = [.. Values(count, 2).Select(value => Math.Abs(value) < 1e-3f ? 0.5f : value)], dy = Values(count, 3), y = [.. x.Select(value => (float)Value(value))];
            DeviceBuffer<float> output = device.Buffer<float>(y), gradient = device.Buffer<float>(dy), result = device.Buffer(new float[count + 8]);
            device.Run(new PointwiseBackward<TFunction>(output, gradient, result, count, default), PointwiseLaunch.Groups(count));
            Check(result.Span[..count], [.. x.Select((value, i) => Slope(value) * dy[i])], x);
            Assert.That(result.Span[count..].ToArray(), Is.All.Zero);
        }

        public void InPlace(int count)
        {
            using var device = new TDevice();
            float[] x = Values(count, 4), dy = Values(count, 5);
            DeviceBuffer<float> values = device.Buffer<float>(x), gradient = device.Buffer<float>(dy), output = device.Buffer(new float[count]), result = device.Buffer(new float[count]);
            Size3 groups = PointwiseLaunch.Groups(count);
            device.Run(new PointwiseForward<TFunction>(values, output, count, default), groups);
            device.Run(new PointwiseForward<TFunction>(values, values, count, default), groups);
            device.Run(new PointwiseBackward<TFunction>(values, gradient, result, count, default), groups);
            device.Run(new PointwiseBackward<TFunction>(values, gradient, gradient, count, default), groups);
            Assert.That(values.Span.ToArray(), Is.EqualTo(output.Span.ToArray()));
            Assert.That(gradient.Span.ToArray(), Is.EqualTo(result.Span.ToArray()));
        }

        private static double Value(double x) => default(TFunction).Forward(new Float64(x)).Value;

        private static double Slope(double x) => (Value(x + 1e-6) - Value(x - 1e-6)) / 2e-6;

        private static void Check(ReadOnlySpan<float> actual, double[] expected, float[] x)
        {
            for (int i = 0; i < expected.Length; i++)
            {
                // A device's own exponential is a few units off; a slope of results near 1 has what they lost when they were rounded.
                double error = Math.Abs(actual[i] - expected[i]), tolerance = 2e-6 * Math.Max(1, Math.Abs(expected[i]));
                if (!(error <= tolerance)) Assert.Fail($"[{i}], x = {x[i]:G9}: {actual[i]:G9} instead of {expected[i]:G9}, error {error:E2}, tolerance {tolerance:E2}.");
            }
        }
    }

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 12 - 6)];
    }
}
