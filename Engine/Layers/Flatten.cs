using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Layers;

/// <summary>Sees a volume as a vector, in C, H, W order. Costs nothing: the storage stays as it is.</summary>
public sealed class Flatten : UnaryOperator
{
    protected override Shape InferShape(Shape input) => Shape.Vector(input.Count);

    public override bool IsView(bool training) => true;

    public override bool ReadsChannelsLast(Shape input) => true;
}
