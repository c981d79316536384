using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>A range of the floats of all trained parameters, for one parameter or several adjacent ones.</summary>
/// <param name="First">Index of the first float.</param>
/// <param name="Count">Floats, a multiple of 64; padding is zero and has a gradient of zero.</param>
/// <param name="IsVector">Whether all its parameters are vectors: biases, and the scales of norms.</param>
/// <param name="IsHead">Whether it has the learning rate of the class layers (<see cref="PlanOptions.HeadRate"/>).</param>
public readonly record struct ParameterRange(long First, long Count, bool IsVector, bool IsHead = false);

/// <summary>A range of parameters that an update changes alike, but for weight decay.</summary>
/// <param name="Decayed">Floats from the range's start that decay, a multiple of 64.</param>
public readonly record struct DecayRange(ParameterRange Range, long Decayed);

/// <summary>
/// Orders the parameters of a network in one run of floats: first those that weight decay always applies to, then vectors (biases and the
/// scales of norms), with those of the class layers in the middle; then, in the same order, those that are trained later; then untrained
/// ones. So parameters that an optimizer treats alike form one range.
/// </summary>
public sealed class ParameterOrder
{
    private readonly Dictionary<Parameter, long> _offsets = [];
    private readonly List<ParameterRange> _groups = [];
    private readonly bool _splitsHead;

    /// <param name="countOf">Returns the floats that a parameter takes as stored.</param>
    internal ParameterOrder(Network network, Func<Parameter, int> countOf)
    {
        long offset = 0;
        var tensors = new List<ParameterRange>();
        foreach (bool isLate in new[] { false, true })
        {
            Parameter[] trained = [.. network.Learned.Where(parameter => isLate ? parameter.IsLate : parameter.IsTrained)];
            foreach ((bool isVector, bool isHead) in new[] { (false, false), (false, true), (true, true), (true, false) })
            {
                long first = offset;
                foreach (Parameter parameter in trained.Where(other => IsVector(other) == isVector && other.IsHead == isHead))
                {
                    tensors.Add(new(offset, Rounded(countOf(parameter)), isVector, isHead));
                    Place(parameter);
                }
                if (offset > first) _groups.Add(new(first, offset - first, isVector, isHead));
            }
            if (!isLate) Trained = offset;
        }
        LateEnd = offset;
        foreach (Parameter parameter in network.Learned.Where(parameter => !parameter.IsTrained && !parameter.IsLate)) Place(parameter);
        Count = offset;
        offset = 0;
        Parameter[] states = [.. network.Parameters.Where(parameter => parameter.IsState)];
        foreach (Parameter parameter in states.Where(parameter => parameter.Spec.Dimensions.Count > 0)) Place(parameter);
        StateVectors = offset;
        foreach (Parameter parameter in states.Where(parameter => parameter.Spec.Dimensions.Count == 0)) Place(parameter);
        StateCount = offset;
        Tensors = tensors;

        void Place(Parameter parameter)
        {
            _offsets.Add(parameter, offset);
            offset += Rounded(countOf(parameter));
        }
    }

    /// <summary>The same order, as a plan sees it.</summary>
    private ParameterOrder(ParameterOrder order, bool splitsHead, bool trainsLate)
    {
        _offsets = order._offsets;
        Trained = trainsLate ? order.LateEnd : order.Trained;
        (LateEnd, Count, _splitsHead) = (order.LateEnd, order.Count, splitsHead);
        (StateVectors, StateCount) = (order.StateVectors, order.StateCount);
        _groups = Seen(order._groups);
        Tensors = Seen(order.Tensors);

        List<ParameterRange> Seen(IEnumerable<ParameterRange> ranges) =>
            [.. ranges.Where(range => range.First < Trained).Select(range => range with { IsHead = range.IsHead && splitsHead })];
    }

    /// <summary>The range of each trained parameter, in storage order.</summary>
    public IReadOnlyList<ParameterRange> Tensors { get; }

    /// <summary>All trained parameters; empty if there are none.</summary>
    public ParameterRange Whole => new(0, Trained, Tensors.All(range => range.IsVector));

    /// <summary>End of the trained parameters.</summary>
    internal long Trained { get; }

    /// <summary>End of the parameters that are trained later.</summary>
    private long LateEnd { get; }

    /// <summary>Floats of the weights; gradients and each slot have the same number.</summary>
    internal long Count { get; }

    /// <summary>End of the state that has dimensions; counters are after it.</summary>
    internal long StateVectors { get; }

    /// <summary>Floats of the state, which is stored separately.</summary>
    internal long StateCount { get; }

    /// <summary>
    /// Returns the trained parameters in as few ranges as weight decay and the learning rate allow, with the decay of each.
    /// </summary>
    public IEnumerable<(ParameterRange Range, float Decay)> DecayRanges(float weightDecay, bool decaysVectors)
    {
        var ranges = new List<(ParameterRange Range, float Decay)>();
        foreach (ParameterRange group in _groups.Where(group => group.First < Trained))
        {
            float decay = group.IsVector && !decaysVectors ? 0 : weightDecay;
            bool isHead = group.IsHead && _splitsHead;
            if (ranges.Count > 0 && ranges[^1] is var (last, before) && before == decay && last.IsHead == isHead)
                ranges[^1] = (last with { Count = last.Count + group.Count, IsVector = last.IsVector && group.IsVector }, decay);
            else
                ranges.Add((group with { IsHead = isHead }, decay));
        }
        return ranges;
    }

    /// <summary>
    /// Returns the trained parameters in as few ranges as the learning rate allows. Where only a part of a range decays, it is the range's
    /// start, so that an update may be one launch.
    /// </summary>
    public IEnumerable<DecayRange> UpdateRanges(float weightDecay, bool decaysVectors)
    {
        var ranges = new List<DecayRange>();
        foreach ((ParameterRange range, float decay) in DecayRanges(weightDecay, decaysVectors))
        {
            long decayed = decay == 0 ? 0 : range.Count;
            if (decayed == 0 && ranges.Count > 0 && ranges[^1] is var before && before.Range.IsHead == range.IsHead)
                ranges[^1] = before with { Range = before.Range with { Count = before.Range.Count + range.Count, IsVector = false } };
            else
                ranges.Add(new(range, decayed));
        }
        return ranges;
    }

    /// <summary>Returns the order as a plan sees it.</summary>
    internal ParameterOrder For(PlanOptions options) => new(this, options.HeadRate != 1, options.TrainsLate);

    /// <summary>Returns the index of a parameter's first float in the weights, or in the state if it is state.</summary>
    internal long OffsetOf(Parameter parameter) => _offsets[parameter];

    private static long Rounded(int count) => MemoryPlan.RoundUp(4L * count) / 4;

    private static bool IsVector(Parameter parameter) => parameter.Spec.Dimensions.Count == 1;
}
