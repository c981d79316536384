using GpuCnn.Data;

namespace GpuCnn.Tests.Cli;

/// <summary>Pictures of noise, whose classes can only be learned by heart: accuracy tells whether they were trained on.</summary>
internal static class NoiseData
{
    public static readonly string[] Classes = ["a", "b", "c"];

    /// <summary>Writes so many pictures of each class into class folders, numbered from 0, and returns the folder.</summary>
    /// <param name="seed">Other pictures for another seed.</param>
    public static string Write(string folder, int images, int seed = 1, int side = 8)
    {
        Random random = new(seed);
        foreach (string name in Classes)
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
            for (int number = 0; number < images; number++)
            {
                var image = new PixelImage(side, side, 3);
                random.NextBytes(image.Pixels);
                ImageFile.Write(Path.Combine(folder, name, $"{number:D3}.png"), image);
            }
        }
        return folder;
    }

    /// <summary>Trains until the training images are known by heart, unless <paramref name="more"/> options say otherwise.</summary>
    public static string Train(string data, string run, params string[] more)
    {
        string[] args = ["train", "--model", "linear", "--input", "3x8x8", "--device", "cpu", "--augment", "none", "--batch", "6"];
        foreach ((string option, string value) in new[] { ("--epochs", "30"), ("--lr", "0.01") })
            if (!more.Contains(option)) args = [.. args, option, value];
        return CommandLine.Succeed([.. args, "--data", data, "--out", run, .. more]).Output;
    }

    /// <summary>The accuracy and loss of a run's last validation.</summary>
    public static (double Top1, double Loss) Validated(string run)
    {
        string[] row = File.ReadAllLines(Path.Combine(run, "metrics.csv"))[^1].Split(',');
        return (Number(row[6]), Number(row[5]));

        static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }
}
