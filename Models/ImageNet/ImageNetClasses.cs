namespace GpuCnn.Models;

/// <summary>The names of ImageNet's 1,000 classes, in the order of torchvision's pretrained weights (SOURCE.md beside this file).</summary>
public static class ImageNetClasses
{
    /// <summary>Networks for inputs with at least this many rows and columns are ImageNet's.</summary>
    private const int LeastRows = 200;

    /// <summary>Names that differ from each other.</summary>
    public static IReadOnlyList<string> Names { get; } = Read();

    /// <summary>Whether an architecture was made for ImageNet's images, so that its published weights expect them normalized.</summary>
    public static bool Trained(Architecture architecture) =>
        architecture.Input is { Channels: 3, Height: >= LeastRows, Width: >= LeastRows };

    /// <summary>
    /// Names the classes of an architecture's weights: ImageNet's for a network with as many as ImageNet has, or else null.
    /// </summary>
    public static IReadOnlyList<string>? Of(Architecture architecture, int classes) =>
        Trained(architecture) && architecture.Classes == Names.Count && classes == Names.Count ? Names : null;

    private static string[] Read()
    {
        using Stream stream = typeof(ImageNetClasses).Assembly.GetManifestResourceStream("GpuCnn.Models.ImageNet.classes.txt")
            ?? throw new InvalidOperationException("The list of ImageNet's classes is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
