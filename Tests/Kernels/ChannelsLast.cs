using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Kernels;

/// <summary>Converts between the NCHW of the references and [N][H][W][C].</summary>
internal static class ChannelsLast
{
    public static T[] From<T>(T[] values, Extent extent)
    {
        var result = new T[values.Length];
        ForEach(extent, (plain, last) => result[last] = values[plain]);
        return result;
    }

    public static T[] ToPlain<T>(ReadOnlySpan<T> values, Extent extent)
    {
        T[] source = values.ToArray(), result = new T[values.Length];
        ForEach(extent, (plain, last) => result[plain] = source[last]);
        return result;
    }

    private static void ForEach(Extent extent, Action<int, int> visit)
    {
        int last = 0;
        for (int n = 0; n < extent.Images; n++)
            for (int h = 0; h < extent.Height; h++)
                for (int w = 0; w < extent.Width; w++)
                    for (int c = 0; c < extent.Channels; c++) visit(extent.At(n, c, h, w), last++);
    }
}
