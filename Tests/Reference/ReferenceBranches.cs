namespace GpuCnn.Tests.Reference;

/// <summary>Operators over one input whose outputs are joined. The first operator's parameters come first.</summary>
public abstract class ReferenceJoin(ReferenceLayer[] branches) : ReferenceLayer
{
    protected IReadOnlyList<ReferenceLayer> Branches { get; } = branches;

    public sealed override int ParameterCount => Branches.Sum(branch => branch.ParameterCount);

    public sealed override int LongestSum(Extent input) => Branches.Sum(branch => branch.LongestSum(input));

    public sealed override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        var y = new double[Output(input).Count];
        int first = 0;
        for (int i = 0; i < Branches.Count; i++)
        {
            double[] part = Branches[i].Forward(input, x, parameters[first..(first + Branches[i].ParameterCount)]);
            first += Branches[i].ParameterCount;
            for (int j = 0; j < part.Length; j++) y[PlaceOf(input, i, j)] += part[j];
        }
        return y;
    }

    public sealed override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        var dx = new double[input.Count];
        var gradients = new List<double[]>();
        for (int i = 0; i < Branches.Count; i++)
        {
            double[] part = [.. Enumerable.Range(0, Branches[i].Output(input).Count).Select(j => dy[PlaceOf(input, i, j)])];
            Gradients own = Branches[i]
                .Backward(input, x, parameters[gradients.Count..(gradients.Count + Branches[i].ParameterCount)], part);
            for (int j = 0; j < dx.Length; j++) dx[j] += own.Input[j];
            gradients.AddRange(own.Parameters);
        }
        return new(dx, [.. gradients]);
    }

    /// <summary>The place of a value of a branch's output in the joined output.</summary>
    protected abstract int PlaceOf(Extent input, int branch, int index);
}

/// <summary>The sum of all outputs.</summary>
public sealed class ReferenceSum(params ReferenceLayer[] branches) : ReferenceJoin(branches)
{
    public override Extent Output(Extent input) => Branches[0].Output(input);

    protected override int PlaceOf(Extent input, int branch, int index) => index;
}

/// <summary>The outputs one after the other along channels.</summary>
public sealed class ReferenceConcat(params ReferenceLayer[] branches) : ReferenceJoin(branches)
{
    public override Extent Output(Extent input) =>
        Branches[0].Output(input) with { Channels = Branches.Sum(branch => branch.Output(input).Channels) };

    protected override int PlaceOf(Extent input, int branch, int index)
    {
        Extent part = Branches[branch].Output(input);
        int perImage = part.Count / part.Images, before = Branches.Take(branch).Sum(other => other.Output(input).Channels);
        return Output(input).At(index / perImage, before, 0, 0) + index % perImage;
    }
}
