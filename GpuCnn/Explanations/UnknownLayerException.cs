using GpuCnn.Engine;

namespace GpuCnn.Explanations;

/// <summary>A network has no layer of a name. The message lists the layers, near names first.</summary>
public sealed class UnknownLayerException(string network, string name, IReadOnlyList<string> layers)
    : GpuCnnException($"{network} has no layer '{name}'{List(name, layers)}.")
{
    private const int MostListed = 60;

    public string Network { get; } = network;

    private static string List(string name, IReadOnlyList<string> layers)
    {
        IReadOnlyList<string> near = NearNames.Of(name, layers);
        IEnumerable<string> listed = layers.Take(MostListed);
        return $"{(near.Count > 0 ? $" (near: {string.Join(", ", near)})" : "")}; it has {string.Join(", ", listed)}"
            + (layers.Count > MostListed ? $" and {layers.Count - MostListed} more" : "");
    }
}
