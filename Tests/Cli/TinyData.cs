using GpuCnn.Data;

namespace GpuCnn.Tests.Cli;

/// <summary>Class folders of small pictures that are easy to tell apart.</summary>
internal static class TinyData
{
    public static readonly string[] Classes = ["dark", "green", "red"];

    /// <summary>Writes train/ and val/ with so many noisy pictures of each class, and returns the folder.</summary>
    public static string Write(TemporaryFolder folder, string name = "data", int train = 12, int validation = 4, int side = 16)
    {
        var random = new Random(7);
        foreach ((string split, int count) in new[] { ("train", train), ("val", validation) })
        {
            for (int label = 0; label < Classes.Length; label++)
            {
                for (int number = 0; number < count; number++)
                {
                    var image = new PixelImage(side, side, 3);
                    for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(random.Next(80)
                        + (label > 0 && i % 3 == 2 - label ? 150 : 0));
                    string path = folder[name, split, Classes[label], $"{number:D2}.png"];
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    ImageFile.Write(path, image);
                }
            }
        }
        return folder[name];
    }
}
