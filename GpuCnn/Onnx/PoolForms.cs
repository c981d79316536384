using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using static GpuCnn.Onnx.OnnxAttribute;

namespace GpuCnn.Onnx;

/// <summary>
/// The windows of a pool as ONNX states them. Runtimes disagree about the last window of <c>ceil_mode</c>, so windows past the end become
/// padding at the end.
/// </summary>
/// <param name="Rows">Padding after the last row.</param>
/// <param name="Columns">Padding after the last column.</param>
internal readonly record struct PoolEnd(int Rows, int Columns)
{
    public static PoolEnd Of(Pool2d layer, Node node)
    {
        Shape input = node.InputShapes[0], output = node.Output.Shape;
        return new(
            End(input.Height, layer.Size.Rows, layer.Stride.Rows, layer.Padding.Rows, output.Height),
            End(input.Width, layer.Size.Columns, layer.Stride.Columns, layer.Padding.Columns, output.Width));
    }

    public IReadOnlyList<OnnxAttribute> Windows(Pool2d layer, (int Rows, int Columns) begin) =>
    [
        Ints("kernel_shape", layer.Size.Rows, layer.Size.Columns), Ints("strides", layer.Stride.Rows, layer.Stride.Columns),
        Ints("pads", begin.Rows, begin.Columns, Rows, Columns),
    ];

    /// <summary>Symmetric padding where that gives the outputs, else what the last window needs.</summary>
    private static int End(int extent, int window, int stride, int padding, int outputs) =>
        extent + 2 * padding >= window && (extent + 2 * padding - window) / stride + 1 == outputs
            ? padding : (outputs - 1) * stride + window - extent - padding;
}

internal sealed class MaxPool2dForm : OnnxForm<MaxPool2d>
{
    protected override string Write(OnnxGraph graph, Node node, MaxPool2d layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "MaxPool", inputs, PoolEnd.Of(layer, node).Windows(layer, layer.Padding));
}

/// <summary>
/// AveragePool. Where padding counts and windows reach past it, the padding becomes zeros of the input: they count, what lies beyond does
/// not.
/// </summary>
internal sealed class AvgPool2dForm : OnnxForm<AvgPool2d>
{
    protected override string Write(OnnxGraph graph, Node node, AvgPool2d layer, IReadOnlyList<string> inputs)
    {
        var end = PoolEnd.Of(layer, node);
        (int rows, int columns) = layer.Padding;
        if (!layer.CountPadding || layer.Padding == (0, 0) || end == new PoolEnd(rows, columns))
        {
            // Without padding of its own, what lies past the end never counts.
            bool counts = layer.CountPadding && layer.Padding != (0, 0);
            return graph.Add(node.Path, "AveragePool", inputs,
                [.. end.Windows(layer, layer.Padding), Int("count_include_pad", counts ? 1 : 0)]);
        }
        string pads = graph.AddConstant($"{node.Path}/pads", 0, 0, rows, columns, 0, 0, rows, columns);
        string padded = graph.Add($"{node.Path}/pad", "Pad", [inputs[0], pads]);
        PoolEnd rest = new(Math.Max(0, end.Rows - rows), Math.Max(0, end.Columns - columns));
        return graph.Add(node.Path, "AveragePool", [padded], [.. rest.Windows(layer, (0, 0)), Int("count_include_pad", 0)]);
    }
}

internal sealed class GlobalAvgPool2dForm : OnnxForm<GlobalAvgPool2d>
{
    protected override string Write(OnnxGraph graph, Node node, GlobalAvgPool2d layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "GlobalAveragePool", inputs);
}

/// <summary>
/// Bins of one size are an AveragePool. Others are products with a constant matrix of shares on each side: y = R x C, where R[p, h] is one
/// over the rows of bin p if it has row h, else 0.
/// </summary>
internal sealed class AdaptiveAvgPool2dForm : OnnxForm<AdaptiveAvgPool2d>
{
    protected override string Write(OnnxGraph graph, Node node, AdaptiveAvgPool2d layer, IReadOnlyList<string> inputs)
    {
        Shape input = node.InputShapes[0];
        if ((input.Height, input.Width) == (layer.Rows, layer.Columns)) return inputs[0];
        if ((layer.Rows, layer.Columns) == (1, 1)) return graph.Add(node.Path, "GlobalAveragePool", inputs);
        if (input.Height % layer.Rows == 0 && input.Width % layer.Columns == 0)
        {
            int rows = input.Height / layer.Rows, columns = input.Width / layer.Columns;
            return graph.Add(node.Path, "AveragePool", inputs, Ints("kernel_shape", rows, columns), Ints("strides", rows, columns));
        }
        float[] left = Shares(input.Height, layer.Rows), right = Shares(input.Width, layer.Columns);
        string rowShares = graph.AddConstant($"{node.Path}/rows", [layer.Rows, input.Height], left);
        string columnShares = graph.AddConstant(
            $"{node.Path}/columns", [input.Width, layer.Columns], Transposed(right, layer.Columns, input.Width));
        string rowsDone = graph.Add($"{node.Path}/average_rows", "MatMul", [rowShares, inputs[0]]);
        return graph.Add(node.Path, "MatMul", [rowsDone, columnShares]);
    }

    /// <summary>[bins][pixels]; bin p has the pixels floor(p H / P) to ceil((p + 1) H / P) - 1.</summary>
    private static float[] Shares(int pixels, int bins)
    {
        var shares = new float[bins * pixels];
        for (int bin = 0; bin < bins; bin++)
        {
            int first = (int)((long)bin * pixels / bins), end = (int)(((bin + 1L) * pixels + bins - 1) / bins);
            shares.AsSpan(bin * pixels + first, end - first).Fill(1f / (end - first));
        }
        return shares;
    }

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
        return result;
    }
}
