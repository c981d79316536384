namespace GpuCnn.Models;

/// <summary>A 3x3 kernel that nobody trained, as the lectures introduce convolution with.</summary>
/// <param name="Weights">Row-major.</param>
/// <param name="Divisor">What the sums are divided by, so that the image stays as bright.</param>
public sealed record HandMadeKernel(string Name, IReadOnlyList<int> Weights, int Divisor = 1)
{
    /// <summary>Rows, and columns.</summary>
    public const int Size = 3;

    public static IReadOnlyList<HandMadeKernel> All { get; } =
    [
        new("blur", [1, 1, 1, 1, 1, 1, 1, 1, 1], Divisor: 9),
        new("sharpen", [0, -1, 0, -1, 5, -1, 0, -1, 0]),
        new("edges", [1, 1, 1, 1, -8, 1, 1, 1, 1]),
        new("vertical-edges", [-1, 0, 1, -2, 0, 2, -1, 0, 1]),
    ];

    /// <summary>What a convolution multiplies by.</summary>
    public IEnumerable<float> Values => Weights.Select(weight => weight / (float)Divisor);
}
