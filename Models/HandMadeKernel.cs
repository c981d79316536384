namespace GpuCnn.Models;

/// <summary>A fixed 3x3 kernel that needs no training, as introductions to convolution show them.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Weights">Weights in row-major order.</param>
/// <param name="Divisor">Divisor of the sums, which keeps the brightness of the image.</param>
internal sealed record HandMadeKernel(string Name, IReadOnlyList<int> Weights, int Divisor = 1)
{
    /// <summary>Number of rows, and of columns.</summary>
    public const int Size = 3;

    public static IReadOnlyList<HandMadeKernel> All { get; } =
    [
        new("blur", [1, 1, 1, 1, 1, 1, 1, 1, 1], Divisor: 9),
        new("sharpen", [0, -1, 0, -1, 5, -1, 0, -1, 0]),
        new("edges", [1, 1, 1, 1, -8, 1, 1, 1, 1]),
        new("vertical-edges", [-1, 0, 1, -2, 0, 2, -1, 0, 1]),
    ];

    /// <summary>Weights of the convolution.</summary>
    public IEnumerable<float> Values => Weights.Select(weight => weight / (float)Divisor);
}
