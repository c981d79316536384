using GpuCnn.Engine.Graphs;

namespace GpuCnn.Explanations;

/// <summary>The part of a network's input that one position of a value depends on; it may reach into the padding.</summary>
/// <param name="Bottom">First row below it.</param>
/// <param name="Right">First column after it.</param>
internal readonly record struct InputRegion(int Top, int Left, int Bottom, int Right)
{
    /// <summary>Follows the windows of all operators back to the input.</summary>
    public static InputRegion Of(Network network, Value value, int row, int column)
    {
        var regions = new Dictionary<Value, InputRegion> { [value] = new(row, column, row + 1, column + 1) };
        foreach (Node node in network.Graph.Nodes.Reverse())
        {
            if (!regions.TryGetValue(node.Output, out InputRegion region)) continue;
            InputWindow window = node.Operator.WindowOf(node.InputShapes);
            InputRegion read = new(
                region.Top * window.Stride.Rows - window.Padding.Rows, region.Left * window.Stride.Columns - window.Padding.Columns,
                (region.Bottom - 1) * window.Stride.Rows - window.Padding.Rows + window.Size.Rows,
                (region.Right - 1) * window.Stride.Columns - window.Padding.Columns + window.Size.Columns);
            foreach (Value input in node.Inputs)
                regions[input] = regions.TryGetValue(input, out InputRegion other) ? read.With(other) : read;
        }
        return regions[network.Graph.Input];
    }

    private InputRegion With(InputRegion other) => new(
        Math.Min(Top, other.Top), Math.Min(Left, other.Left), Math.Max(Bottom, other.Bottom), Math.Max(Right, other.Right));
}
