using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler.Samples;

public enum PoolKind : byte
{
    Largest = 1,
    Average,
    Count,
}

public struct Extent
{
    public byte Tag;
    public int Height, Width;
}

public struct PoolGeometry
{
    public short Margin;
    public Extent In;
    public long Stride;
    public Extent Out;
    public float Scale;
}

/// <summary>Pooling of planes: nested structs as an argument, a switch over an enum, loops with early exits.</summary>
[Kernel(32)]
public readonly partial struct WindowPool([Specialization] int window, ReadOnlyView<float> x, View<float> y, PoolGeometry shape,
    PoolKind kind, int count)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        (int plane, int row, int column) = Position(i, shape.Out);
        float result = kind == PoolKind.Largest ? float.NegativeInfinity : 0;
        int r = 0;
        do
        {
            for (int s = 0; ; s++)
            {
                if (s == window) break;
                int h = row * (int)shape.Stride + r - shape.Margin, w = column * (int)shape.Stride + s - shape.Margin;
                if (h < 0 || w < 0 || h >= shape.In.Height || w >= shape.In.Width) continue;
                float value = x[(plane * shape.In.Height + h) * shape.In.Width + w];
                switch (kind)
                {
                    case PoolKind.Largest:
                        if (value > result) result = value;
                        break;
                    case PoolKind.Average:
                        float share = value / (window * window);
                        result += share;
                        break;
                    case PoolKind.Count:
                    default:
                        result++;
                        break;
                }
            }
            r++;
        }
        while (r < window);
        y[i] = result * shape.Scale + shape.In.Tag;
    }

    private static (int Plane, int Row, int Column) Position(int i, Extent extent)
    {
        int pixel = i % (extent.Height * extent.Width);
        return (i / (extent.Height * extent.Width), pixel / extent.Width, pixel % extent.Width);
    }
}
