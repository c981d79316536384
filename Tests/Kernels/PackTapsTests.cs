using GpuCnn.Kernels.Convolution;
using GpuCnn.Kernels.Convolution.Gpu.Units;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Compares packed inputs and filters with what each run, tap and channel of them stands for.</summary>
public sealed class PackTapsTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    private const int Images = 2;

    protected override void RunAll()
    {
        foreach (FactorType factors in (FactorType[])[FactorType.TF32, FactorType.BFloat16])
        {
            EveryTapIsInItsPlace(new(3, 5, 9, 8, 7, 7, 2, 2, 3, 3, 1), factors, factors == FactorType.BFloat16);
            FilterFollows(new(3, 5, 9, 8, 7, 7, 2, 2, 3, 3, 1), factors);
        }
        EveryTapIsInItsPlace(new(3, 5, 9, 8, 7, 7, 2, 2, 3, 3, 1), FactorType.BFloat16, false);
    }

    private static IEnumerable<TestCaseData> Cases() =>
        from row in ((string Name, ConvolutionShape Shape)[])
        [
            ("7x7, stride 2", new(3, 5, 9, 8, 7, 7, 2, 2, 3, 3, 1)),
            ("11x11, stride 4, a remainder", new(3, 12, 14, 8, 11, 11, 4, 4, 2, 2, 1)),
            ("3x3", new(3, 4, 5, 8, 3, 3, 1, 1, 1, 1, 1)),
            ("one channel", new(1, 6, 7, 8, 5, 5, 1, 1, 0, 0, 1)),
            ("two channels, stride 6", new(2, 4, 15, 8, 2, 5, 1, 6, 0, 2, 1)),
            ("five channels, stride 3", new(5, 3, 7, 8, 2, 3, 3, 3, 1, 2, 1)),
            ("twelve channels", new(12, 3, 5, 8, 2, 3, 1, 2, 0, 1, 1)),
        ]
        from stored in ((FactorType Factors, bool IsBFloat16)[])
            [(FactorType.TF32, false), (FactorType.BFloat16, false), (FactorType.BFloat16, true)]
        select new TestCaseData(row.Shape, stored.Factors, stored.IsBFloat16)
            .SetArgDisplayNames(row.Name, stored.Factors.Name(), stored.IsBFloat16 ? "of bfloat16" : "of floats");

    /// <summary>Window by window, as a product reads it; all rows of the image. What a product does not read is finite.</summary>
    [TestCaseSource(nameof(Cases))]
    public void EveryTapIsInItsPlace(ConvolutionShape shape, FactorType factors, bool isBFloat16)
    {
        var packed = new PackedTaps(shape, factors);
        bool isRounded = factors == FactorType.BFloat16;
        float[] x = Numbers.Reals(Images * shape.H * shape.W * shape.C, 1);
        if (isBFloat16) x = BFloat16Numbers.Rounded(x);
        float[] expected = isRounded ? BFloat16Numbers.Rounded(x) : x;
        int floats = (int)packed.InputFloats(Images), count = floats * factors.PerFloat();
        DeviceBuffer<float> y = Device.UnsetStored(count, isRounded);
        packed.PackInput(new ImmediateLaunches(Device), Device.Stored(x, isBFloat16), y, Images, isBFloat16);
        float[] values = BFloat16Numbers.Values(y, count, isRounded);
        Assert.That(values, Is.All.Matches<float>(float.IsFinite));
        var grid = packed.Over(new() { StepW = shape.StrideW, StartW = -shape.PadW });
        Assert.That((grid.SourceW, grid.SourceChannels), Is.EqualTo((packed.Width, packed.RunValues)));
        for (int row = 0; row < Images * shape.H; row++)
        {
            for (int q = 0; q < shape.OutputWidth; q++)
            {
                for (int s = 0; s < packed.RowRuns * packed.RunTaps; s++)
                {
                    int run = q * grid.StepW + grid.StartW + s / packed.RunTaps * packed.RunStep, w = q * shape.StrideW - shape.PadW + s;
                    if (run < 0 || run >= packed.Width)
                    {
                        Assert.That(w < 0 || w >= shape.W || s >= shape.S, $"window {q} lacks its tap {s}");
                        continue;
                    }
                    for (int c = 0; c < packed.TapChannels; c++)
                    {
                        float value = c < shape.C && w >= 0 && w < shape.W ? expected[(row * shape.W + w) * shape.C + c] : 0;
                        int at = (row * packed.Width + run) * packed.RunValues + s % packed.RunTaps * packed.TapChannels + c;
                        if (values[at] != value)
                            Assert.Fail($"row {row}, window {q}, tap {s}, channel {c}: {values[at]} instead of {value}");
                    }
                }
            }
        }
    }

    [TestCaseSource(nameof(Filters))]
    public void FilterFollows(ConvolutionShape shape, FactorType factors)
    {
        var packed = new PackedTaps(shape, factors);
        bool isRounded = factors == FactorType.BFloat16;
        float[] filter = BFloat16Numbers.Rounded(Numbers.Reals(shape.R * shape.S * shape.C * shape.K, 1));
        DeviceBuffer<float> y = Device.UnsetStored(packed.WindowValues * shape.K, isRounded);
        packed.PackFilter(new ImmediateLaunches(Device), Device.Stored(filter, isRounded), y);
        float[] values = BFloat16Numbers.Values(y, packed.WindowValues * shape.K, isRounded), expected = new float[values.Length];
        for (int r = 0; r < shape.R; r++)
            for (int s = 0; s < shape.S; s++)
                for (int c = 0; c < shape.C; c++)
                {
                    int run = r * packed.RowRuns + s / packed.RunTaps;
                    int row = run * packed.RunValues + s % packed.RunTaps * packed.TapChannels + c;
                    Assert.That(PackedRows.Of(packed.Rows, row), Is.EqualTo((r * shape.S + s) * shape.C + c));
                    filter.AsSpan(((r * shape.S + s) * shape.C + c) * shape.K, shape.K).CopyTo(expected.AsSpan(row * shape.K));
                }
        Assert.That(values, Is.EqualTo(expected));
    }

    private static IEnumerable<TestCaseData> Filters() =>
        from row in ((string Name, ConvolutionShape Shape)[])
        [
            ("7x7", new(3, 9, 9, 8, 7, 7, 2, 2, 3, 3, 1)), ("one channel", new(1, 6, 7, 16, 5, 5, 1, 1, 0, 0, 1)),
            ("twelve channels", new(12, 3, 5, 24, 2, 3, 1, 2, 0, 1, 1)),
        ]
        from factors in (FactorType[])[FactorType.TF32, FactorType.BFloat16]
        select new TestCaseData(row.Shape, factors).SetArgDisplayNames(row.Name, factors.Name());
}
