using GpuCnn.Engine;

namespace GpuCnn.Explanations;

/// <summary>A model has no class of a name or an index. The message names all if they are few, else near ones.</summary>
public sealed class UnknownClassException(string name, IReadOnlyList<string> classes)
    : GpuCnnException($"There is no class '{name}' among the model's {classes.Count}{List(name, classes)}.")
{
    private const int Few = 10;

    private static string List(string name, IReadOnlyList<string> classes)
    {
        if (classes.Count <= Few) return $": {string.Join(", ", classes)}";
        IReadOnlyList<string> near = NearNames.Of(name, classes);
        return near.Count > 0 ? $"; near: {string.Join(", ", near)}" : $"; indices are 0 to {classes.Count - 1}";
    }
}
