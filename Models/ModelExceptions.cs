using GpuCnn.Engine;

namespace GpuCnn.Models;

/// <summary>There is no architecture of a name.</summary>
public sealed class UnknownModelException(string message, string name) : GpuCnnException(message)
{
    public string Name { get; } = name;
}

/// <summary>An architecture has no recipe of a paper.</summary>
public sealed class NoPaperRecipeException(string message) : GpuCnnException(message);

/// <summary>The tensors of a file are not those of an architecture.</summary>
/// <param name="asked">Name of the architecture.</param>
/// <param name="likeliest">Name of the architecture that the tensors resemble most; null where they resemble none.</param>
public sealed class StateDictMismatchException(string message, string asked, string? likeliest) : GpuCnnException(message)
{
    public string Asked { get; } = asked;

    public string? Likeliest { get; } = likeliest;
}
