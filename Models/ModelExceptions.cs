using GpuCnn.Engine;

namespace GpuCnn.Models;

/// <summary>Thrown when no architecture has a name.</summary>
/// <param name="message">Message for the user.</param>
/// <param name="name">The unknown name.</param>
public sealed class UnknownModelException(string message, string name) : GpuCnnException(message)
{
    public string Name { get; } = name;
}

/// <summary>Thrown when an architecture has no recipe of a paper.</summary>
public sealed class NoPaperRecipeException(string message) : GpuCnnException(message);

/// <summary>Thrown when the tensors of a file do not fit an architecture.</summary>
/// <param name="message">Message for the user.</param>
/// <param name="asked">Name of the architecture.</param>
/// <param name="likeliest">Name of the architecture that the tensors resemble most, or null if they resemble none.</param>
public sealed class StateDictMismatchException(string message, string asked, string? likeliest) : GpuCnnException(message)
{
    public string Asked { get; } = asked;

    public string? Likeliest { get; } = likeliest;
}
