using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Optimizers;

namespace GpuCnn.Engine.Plans;

/// <summary>
/// Where the parameters of a network lie in a run of floats: those that weight decay always applies to first, then vectors (biases, and the scales of
/// norms), then those that are not trained. What an optimizer treats alike is one range.
/// </summary>
internal sealed class ParameterOrder
{
    private readonly Dictionary<Parameter, long> _offsets = [];

    /// <param name="countOf">Floats that a parameter takes as stored.</param>
    public ParameterOrder(Network network, Func<Parameter, int> countOf)
    {
        Matrices = Place(network.Learned.Where(parameter => parameter.IsTrained && !IsVector(parameter)), 0);
        Trained = Place(network.Learned.Where(parameter => parameter.IsTrained && IsVector(parameter)), Matrices);
        Count = Place(network.Learned.Where(parameter => !parameter.IsTrained), Trained);
        StateCount = Place(network.Parameters.Where(parameter => parameter.IsState), 0);

        long Place(IEnumerable<Parameter> parameters, long offset)
        {
            foreach (Parameter parameter in parameters)
            {
                _offsets.Add(parameter, offset);
                offset += MemoryPlan.RoundUp(4L * countOf(parameter)) / 4;
            }
            return offset;
        }
    }

    /// <summary>Where the trained parameters of more than one dimension end.</summary>
    public long Matrices { get; }

    /// <summary>Where the trained parameters end.</summary>
    public long Trained { get; }

    /// <summary>Floats of weights, and as many of gradients and velocities.</summary>
    public long Count { get; }

    /// <summary>Floats of state, which lies apart.</summary>
    public long StateCount { get; }

    /// <summary>Floats before a parameter among the weights, or, of state, among the state.</summary>
    public long OffsetOf(Parameter parameter) => _offsets[parameter];

    /// <summary>What an optimizer updates, with the weight decay of each range.</summary>
    public IEnumerable<(long First, long Count, float WeightDecay)> Ranges(Sgd optimizer)
    {
        if (optimizer.DecaysVectors || optimizer.WeightDecay == 0) return Trained == 0 ? [] : [(0, Trained, optimizer.WeightDecay)];
        (long First, long Count, float WeightDecay)[] ranges = [(0, Matrices, optimizer.WeightDecay), (Matrices, Trained - Matrices, 0)];
        return ranges.Where(range => range.Count > 0);
    }

    private static bool IsVector(Parameter parameter) => parameter.Spec.Dimensions.Count == 1;
}
