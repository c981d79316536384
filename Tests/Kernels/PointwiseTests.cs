using System.Reflection;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Compares every function of one value with itself in float64 and with its numerical slope there.</summary>
public sealed class PointwiseTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    /// <summary>The last vector of four holds one value, three, or four; and more than one group's values.</summary>
    private static IEnumerable<TestCaseData> Cases() =>
        from function in EveryFunction.Types
        from count in (int[])[1, 3, 4, 1027, 2048, 2049]
        select new TestCaseData(function, count).SetArgDisplayNames(function.Name, $"{count}");

    protected override void RunAll()
    {
        foreach (Type function in EveryFunction.Types)
        {
            ForwardMatchesFloat64(function, 1027);
            BackwardMatchesFloat64(function, 1027);
        }
        StoresBFloat16(true, true, 2051);
        StoresBFloat16(false, true, 2051);
        StoresBFloat16(true, false, 2051);
    }

    [TestCaseSource(nameof(Cases))]
    public void ForwardMatchesFloat64(Type function, int count) => With(function, nameof(Forward), count);

    [TestCaseSource(nameof(Cases))]
    public void BackwardMatchesFloat64(Type function, int count) => With(function, nameof(Backward), count);

    [TestCaseSource(nameof(Cases))]
    public void InPlaceGivesTheSameBits(Type function, int count) => With(function, nameof(InPlace), count);

    /// <summary>Gives what floats of the same values give, rounded to nearest; also in place.</summary>
    [TestCase(true, true, 1)]
    [TestCase(true, true, 2049)]
    [TestCase(true, true, 4096)]
    [TestCase(true, false, 7)]
    [TestCase(false, true, 8)]
    [TestCase(false, true, 9)]
    public void StoresBFloat16(bool before, bool after, int count)
    {
        float[] x = StoredTensor.Rounded(Values(count, 6), before), dy = StoredTensor.Rounded(Values(count, 7), after);
        DeviceBuffer<float> y = Device.Unset<float>(count), dx = Device.Unset<float>(count);
        var forward = new PointwiseForward<Tanh>(false, false, Device.Buffer<float>(x), y, count, default);
        Run(forward, forward.Groups);
        float[] kept = StoredTensor.Rounded(y.Span.ToArray(), after);
        var backward = new PointwiseBackward<Tanh>(
            false, false, false, Device.Buffer<float>(kept), Device.Buffer<float>(dy), dx, count, default);
        Run(backward, backward.Groups);

        DeviceBuffer<float> from = StoredTensor.Buffer(Device, x, before), to = Device.UnsetStored(count, after);
        DeviceBuffer<float> gradient = StoredTensor.Buffer(Device, dy, after), target = Device.UnsetStored(count, before);
        var storedForward = new PointwiseForward<Tanh>(before, after, from, to, count, default);
        Run(storedForward, storedForward.Groups);
        var storedBackward = new PointwiseBackward<Tanh>(after, after, before, to, gradient, target, count, default);
        Run(storedBackward, storedBackward.Groups);
        StoredTensor.Check("y", to, kept, after);
        StoredTensor.Check("dx", target, StoredTensor.Rounded(dx.Span.ToArray(), before), before);
        if (before != after) return;
        var inPlace = new PointwiseBackward<Tanh>(after, after, after, to, gradient, gradient, count, default);
        Run(inPlace, inPlace.Groups);
        Closeness.CheckSameBits("dx in place of dy", gradient.Span[..(count / 2)], target.Span[..(count / 2)]);
    }

    private void Forward<TFunction>(int count) where TFunction : unmanaged, IPointwise
    {
        float[] x = Values(count, 1);
        // The buffer is longer, so that writes past the end show.
        DeviceBuffer<float> to = Device.Unset<float>(count + 8);
        var kernel = new PointwiseForward<TFunction>(false, false, Device.Buffer<float>(x), to, count, default);
        Run(kernel, kernel.Groups);
        Check(to.Span[..count], [.. x.Select(value => Value<TFunction>(value))], x);
        Assert.That(to.Span[count..].ToArray(), Is.All.NaN);
    }

    private void Backward<TFunction>(int count) where TFunction : unmanaged, IPointwise
    {
        // Avoid 0, where a function may have no slope.
        float[] x = [.. Values(count, 2).Select(value => Math.Abs(value) < 1e-3f ? 0.5f : value)], dy = Values(count, 3);
        // The input in place of the result, for a function that asks for it.
        float[] y = ((IPointwise)default(TFunction)).DerivesFromInput ? x : [.. x.Select(value => (float)Value<TFunction>(value))];
        DeviceBuffer<float> to = Device.Unset<float>(count + 8);
        var kernel = new PointwiseBackward<TFunction>(
            false, false, false, Device.Buffer<float>(y), Device.Buffer<float>(dy), to, count, default);
        Run(kernel, kernel.Groups);
        Check(to.Span[..count], [.. x.Select((value, i) => Slope<TFunction>(value) * dy[i])], x);
        Assert.That(to.Span[count..].ToArray(), Is.All.NaN);
    }

    private void InPlace<TFunction>(int count) where TFunction : unmanaged, IPointwise
    {
        DeviceBuffer<float> values = Device.Buffer<float>(Values(count, 4)), gradients = Device.Buffer<float>(Values(count, 5));
        DeviceBuffer<float> y = Device.Unset<float>(count), dx = Device.Unset<float>(count);
        PointwiseForward<TFunction> forward = new(false, false, values, y, count, default),
            forwardInPlace = new(false, false, values, values, count, default);
        PointwiseBackward<TFunction> backward = new(false, false, false, y, gradients, dx, count, default),
            backwardInPlace = new(false, false, false, y, gradients, gradients, count, default);
        Run(forward, forward.Groups);
        Run(forwardInPlace, forwardInPlace.Groups);
        Run(backward, backward.Groups);
        Run(backwardInPlace, backwardInPlace.Groups);
        Closeness.CheckSameBits("y", values.Span, y.Span);
        Closeness.CheckSameBits("dx", gradients.Span, dx.Span);
    }

    private static double Value<TFunction>(double x) where TFunction : unmanaged, IPointwise =>
        default(TFunction).Forward(new Float64(x)).Value;

    private static double Slope<TFunction>(double x) where TFunction : unmanaged, IPointwise =>
        (Value<TFunction>(x + 1e-6) - Value<TFunction>(x - 1e-6)) / 2e-6;

    /// <summary>
    /// A device's exponential is a few units off, and a slope computed from a result near 1 inherits the result's rounding error.
    /// </summary>
    private static void Check(ReadOnlySpan<float> actual, double[] expected, float[] x)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(actual[i] - expected[i]), tolerance = 2e-6 * Math.Max(1, Math.Abs(expected[i]));
            if (!(error <= tolerance))
                Assert.Fail($"[{i}], x = {x[i]:G9}: {actual[i]:G9} instead of {expected[i]:G9}, error {error:E2}, tolerance "
                    + $"{tolerance:E2}.");
        }
    }

    private static float[] Values(int count, int seed) => Numbers.Reals(count, seed, 3);

    private void With(Type function, string name, int count) => GetType().GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
        .Single(method => method.Name == name && method.IsGenericMethodDefinition).MakeGenericMethod(function)
        .Invoke(this, BindingFlags.DoNotWrapExceptions, null, [count], null);
}
