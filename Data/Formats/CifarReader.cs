using GpuCnn.Engine;

namespace GpuCnn.Data.Formats;

/// <summary>
/// Reads the binary version of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte (CIFAR-100:
/// coarse, then fine) and 3x32x32 planar bytes.
/// </summary>
internal static class CifarReader
{
    public const int Side = 32;

    private const int Area = Side * Side;

    /// <summary>Reads one file of records. The last of the <paramref name="labelBytes"/> label bytes is the class.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, or does not consist of such records with at most
    /// <paramref name="classes"/> classes.</exception>
    public static (PixelImage[] Images, int[] Labels) Read(string path, int labelBytes, int classes)
    {
        byte[] content = DataFile.ReadAllBytes(path);
        int record = labelBytes + 3 * Area;
        if (content.Length == 0 || content.Length % record != 0)
            throw DataFile.Damaged("CIFAR", path, $"a whole number of records of {record:N0} bytes", $"{content.Length:N0} bytes");

        PixelImage[] images = new PixelImage[content.Length / record];
        int[] labels = new int[images.Length];
        for (int i = 0; i < images.Length; i++)
        {
            ReadOnlySpan<byte> bytes = content.AsSpan(i * record, record);
            labels[i] = bytes[labelBytes - 1];
            if (labels[i] >= classes) throw DataFile.Damaged("CIFAR", path, $"labels of 0 to {classes - 1}", $"{labels[i]} in record {i}");
            images[i] = ToImage(bytes[labelBytes..]);
        }
        return (images, labels);
    }

    /// <summary>Converts planes [3, 32, 32] to an image.</summary>
    internal static PixelImage ToImage(ReadOnlySpan<byte> planes)
    {
        byte[] pixels = new byte[3 * Area];
        for (int p = 0; p < Area; p++)
        {
            pixels[3 * p] = planes[p];
            pixels[3 * p + 1] = planes[Area + p];
            pixels[3 * p + 2] = planes[2 * Area + p];
        }
        return new PixelImage(Side, Side, 3, pixels);
    }
}
