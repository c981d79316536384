using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class FilterLimitTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => LimitsOnlyFiltersAboveTheLimit(1, 27, 40);

    /// <summary>Every other filter is above the limit, and only those change.</summary>
    [TestCase(1, 1, 1)]
    [TestCase(1, 147, 96)]
    [TestCase(2, 27, 33)]
    [TestCase(3, 9, 32)]
    public void LimitsOnlyFiltersAboveTheLimit(int groups, int rows, int filters)
    {
        const float Limit = 0.1f;
        float[] start = Numbers.Reals(groups * rows * filters, 1);
        var expected = new double[start.Length];
        for (int group = 0; group < groups; group++)
        {
            for (int filter = 0; filter < filters; filter++)
            {
                int[] places = [.. Enumerable.Range(0, rows).Select(row => (group * rows + row) * filters + filter)];
                double rms = Math.Sqrt(places.Average(place => (double)start[place] * start[place]));
                double wanted = filter % 2 == 0 ? 3 * Limit : Limit / 2;
                foreach (int place in places) start[place] = (float)(start[place] * wanted / rms);
                foreach (int place in places) expected[place] = filter % 2 == 0 ? start[place] / 3.0 : start[place];
            }
        }
        DeviceBuffer<float> weights = Device.Buffer<float>(start);
        var kernel = new FilterLimit(weights, groups, rows, filters, Limit);
        Run(kernel, kernel.Groups);
        Closeness.Check("weights", weights.Span, expected, Closeness.Tolerance(rows + 8, Math.Pow(2, -22), expected));
        for (int i = 0; i < start.Length; i++)
            if (i % filters % 2 == 1) Assert.That(weights.Span[i], Is.EqualTo(start[i]), $"weight {i} of a filter below the limit");
    }
}
