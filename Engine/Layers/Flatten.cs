using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Layers;

/// <summary>Views a volume as a vector, in C, H, W order. Costs nothing: the storage does not change.</summary>
public sealed class Flatten : UnaryOperator
{
    protected override Shape InferShape(Shape input) => Shape.Vector(input.Count);

    /// <summary>A vector has no pixels, so what reads one of its values reads the whole map.</summary>
    protected override InputWindow WindowOf(Shape input) => InputWindow.Whole(input);

    public override bool IsView(bool training) => true;

    public override bool ReadsChannelsLast(Shape input) => true;
}
