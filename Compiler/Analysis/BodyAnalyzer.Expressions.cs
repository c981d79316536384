using System.Globalization;
using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Translates values.</summary>
internal sealed partial class BodyAnalyzer
{
    public override Expression DefaultVisit(IOperation operation, object? argument) => Unsupported(operation);

    /// <summary>Translates a value next to which nothing else is computed: it may be a call with side effects.</summary>
    private Expression Whole(IOperation operation)
    {
        _orderedCall = Unwrap(operation);
        // The debug device's copy of the body cannot wait within a condition, a result or a cast.
        bool mayWait = !_isLoopHead
            && operation.Parent is IVariableInitializerOperation or IAssignmentOperation or IExpressionStatementOperation;
        _orderedBarrier = mayWait && operation is IInvocationOperation or IConversionOperation { IsImplicit: true } ? _orderedCall : null;
        return Value(operation);
    }

    private Expression Value(IOperation operation)
    {
        if (operation.ConstantValue is { HasValue: true, Value: var constant } && operation.Type is { } type)
            return Constant(constant, type, operation);
        return operation.Accept(this, null)!;
    }

    private Expression Constant(object? value, ITypeSymbol type, IOperation at)
    {
        if (value is string or char)
        {
            Report(Rules.Text, at, Excerpt(at));
            return Nothing;
        }
        long? bits = value switch
        {
            bool flag => flag ? 1 : 0,
            float number => BitConverter.ToInt32(BitConverter.GetBytes(number), 0),
            double number => BitConverter.DoubleToInt64Bits(number),
            ulong number => unchecked((long)number),
            sbyte or byte or short or ushort or int or uint or long => System.Convert.ToInt64(value, CultureInfo.InvariantCulture),
            _ => null,
        };
        if (bits is null && value is null) return Unsupported(at);
        // Mapping reports types that devices do not have.
        return new Literal(context.Types.Map(closing.Close(type), at.Syntax), bits ?? 0);
    }

    public override Expression VisitParenthesized(IParenthesizedOperation operation, object? argument) => Value(operation.Operand);

    public override Expression VisitLocalReference(ILocalReferenceOperation operation, object? argument)
    {
        if (_outOfScope.Contains(operation.Local)) Report(Rules.SectionVariable, operation, operation.Local.Name);
        return new Variable(_views.TryGetValue(operation.Local, out PointerType view)
            ? view
            : TypeOf(operation), NameAllocator.Variable(operation.Local.Name));
    }

    public override Expression VisitParameterReference(IParameterReferenceOperation operation, object? argument)
    {
        IParameterSymbol parameter = operation.Parameter;
        // A parameter of the primary constructor of the struct that owns this member.
        bool isCaptured = parameter.ContainingSymbol is IMethodSymbol { MethodKind: MethodKind.Constructor } constructor
            && !SymbolEqualityComparer.Default.Equals(constructor, method);
        if (_self is { } self && isCaptured)
            return new Field(TypeOf(operation), self, NameAllocator.Ascii(parameter.Name));
        if (KernelLanguage.Has(parameter, "SpecializationAttribute"))
            return new Specialization(TypeOf(operation), NameAllocator.Ascii(parameter.Name));
        return new Variable(_views.TryGetValue(parameter, out PointerType view)
            ? view
            : TypeOf(operation), NameAllocator.Variable(parameter.Name));
    }

    public override Expression VisitFieldReference(IFieldReferenceOperation operation, object? argument)
    {
        IFieldSymbol field = operation.Field;
        if (operation.Instance is null)
        {
            Report(Rules.StaticField, operation, field.Name);
            return Nothing;
        }
        if (operation.Instance is IInstanceReferenceOperation && _self is null)
        {
            Report(Rules.InstanceMember, operation, field.Name);
            return Nothing;
        }
        Expression target = Value(operation.Instance);
        if (target.Type.Scalar is { } scalar && scalar.IsVector())
            return new Field(TypeOf(operation), target, field.Name.ToLowerInvariant());
        string name = field.ContainingType.IsTupleType ? (field.CorrespondingTupleField ?? field).Name : NameAllocator.Ascii(field.Name);
        return new Field(TypeOf(operation), target, name);
    }

    public override Expression VisitPropertyReference(IPropertyReferenceOperation operation, object? argument)
    {
        IPropertySymbol property = operation.Property;
        if (KernelLanguage.Declares(property.ContainingType))
        {
            if (property.IsIndexer && operation.Instance is { } instance && Value(instance) is { Type: PointerType view } pointer)
                return new Element(view.Element, pointer, Value(operation.Arguments[0].Value));
            int dimension = "XYZ".IndexOf(property.Name, StringComparison.Ordinal);
            if (property.IsStatic && dimension >= 0 && Enum.TryParse(property.ContainingType.Name, out ThreadIndex index))
                return new ThreadValue(index, dimension);
            if (property is { Name: "Lane", ContainingType.Name: "Warp" })
            {
                context.IsCudaOnly = context.NeedsCudaC = true;
                return new IntrinsicCall(DeviceType.Int, "WarpLane", default);
            }
            Report(Rules.LanguageMember, operation, Excerpt(operation), property.Name == "Length"
                ? ": pass the length as an argument"
                : "");
            return Nothing;
        }
        if (property.GetMethod is { } declared)
        {
            if (Implementation(declared, operation.ConstrainedToType ?? operation.Instance?.Type)
                is not { AssociatedSymbol: IPropertySymbol implementation }) return Unsupported(operation);
            property = implementation;
        }
        bool isAutomatic = property.ContainingType.GetMembers().OfType<IFieldSymbol>()
            .Any(field => SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));
        bool isOfData = operation.Instance is not null && (_self is not null || operation.Instance is not IInstanceReferenceOperation);
        if (isAutomatic && isOfData) return new Field(TypeOf(operation), Value(operation.Instance!), NameAllocator.Ascii(property.Name));
        if (!isAutomatic && property.GetMethod is { } getter && (property.IsStatic || isOfData && getter.IsReadOnly)
            && getter.DeclaringSyntaxReferences.Length > 0)
            return HelperCall(getter, operation.Instance is { } self ? [Value(self)] : [], operation, isOrdered: false, mayWait: false);
        Report(property.IsStatic ? Rules.StaticField : Rules.InstanceMember, operation, property.Name);
        return Nothing;
    }

    public override Expression VisitInstanceReference(IInstanceReferenceOperation operation, object? argument) =>
        _self is { } self && operation.ReferenceKind == InstanceReferenceKind.ContainingTypeInstance ? self : Unsupported(operation);

    public override Expression VisitConversion(IConversionOperation operation, object? argument)
    {
        if (operation.Type is not { } type || operation.Operand.Type is null) return Unsupported(operation);
        ITypeSymbol from = closing.Close(operation.Operand.Type), to = closing.Close(type);
        CheckArithmetic(operation, operation.IsChecked);
        if (operation.OperatorMethod is not null)
        {
            bool isOfLanguage = KernelLanguage.Declares(operation.OperatorMethod.ContainingType);
            if (isOfLanguage) return KernelLanguage.IsView(to)
                ? Value(operation.Operand)
                : Convert(Value(operation.Operand), TypeOf(operation));
            return UserOperator(operation.OperatorMethod, operation.ConstrainedToType, operation, Value(operation.Operand));
        }
        if (operation.Conversion.IsIdentity || SymbolEqualityComparer.Default.Equals(from, to)
            || operation.Operand is ITupleOperation && to.IsTupleType) return Value(operation.Operand);
        if (from.IsValueType && to.IsReferenceType)
        {
            Report(Rules.Allocation, operation, Excerpt(operation));
            return Nothing;
        }
        bool isNumeric = TypeMapper.ScalarOf(from) is not null && TypeMapper.ScalarOf(to) is not null;
        if (isNumeric)
        {
            CheckConversion(operation, from, to);
            return Convert(Value(operation.Operand), TypeOf(operation));
        }
        if (to.TypeKind != TypeKind.Struct || to.SpecialType == SpecialType.None) return Unsupported(operation);
        TypeOf(operation);
        return Nothing;
    }

    public override Expression VisitConditional(IConditionalOperation operation, object? argument)
    {
        if (operation.WhenFalse is not { } otherwise || operation.IsRef) return Unsupported(operation);
        Expression condition = Value(operation.Condition), whenTrue = Value(operation.WhenTrue), whenFalse = Value(otherwise);
        if (whenTrue.Type is PointerType && whenTrue.Type != whenFalse.Type && whenFalse != Nothing) return NoView(operation);
        return new Conditional(whenTrue.Type, condition, whenTrue, whenFalse);
    }

    public override Expression VisitUnaryOperator(IUnaryOperation operation, object? argument)
    {
        CheckArithmetic(operation, operation.IsChecked);
        Expression operand = Value(operation.Operand);
        if (operation.IsLifted) return Unsupported(operation);
        if (operation.OperatorMethod is { } user && !IsBuiltIn(user, operation.ConstrainedToType))
            return UserOperator(user, operation.ConstrainedToType, operation, operand);
        CheckNegation(operation, operand);
        return operation.OperatorKind switch
        {
            UnaryOperatorKind.Plus => operand,
            UnaryOperatorKind.Minus => new Unary(operand.Type, UnaryOperator.Negate, operand),
            UnaryOperatorKind.Not => new Unary(operand.Type, UnaryOperator.Not, operand),
            UnaryOperatorKind.BitwiseNegation => new Unary(operand.Type, UnaryOperator.Complement, operand),
            _ => Unsupported(operation),
        };
    }

    public override Expression VisitBinaryOperator(IBinaryOperation operation, object? argument)
    {
        CheckArithmetic(operation, operation.IsChecked);
        if (operation.IsLifted || operation.Type?.SpecialType == SpecialType.System_String) return Unsupported(operation);
        Expression left = Value(operation.LeftOperand), right = Value(operation.RightOperand);
        if (operation.OperatorMethod is { } user && !IsBuiltIn(user, operation.ConstrainedToType))
            return UserOperator(user, operation.ConstrainedToType, operation, left, right);
        if (left.Type is not ScalarType || BinaryOf(operation.OperatorKind) is not { } kind) return Unsupported(operation);
        CheckBinary(operation, kind, left, right);
        return Arithmetic(TypeOf(operation), kind, left, right);
    }

    /// <summary>
    /// Computes small types as int, as C does. Where C# does not widen them itself, in generic arithmetic, converts the result back.
    /// </summary>
    private static Expression Arithmetic(DeviceType type, BinaryOperator kind, Expression left, Expression right)
    {
        DeviceType promoted = kind >= BinaryOperator.AndAlso ? type : Promoted(type);
        var result = new Binary(promoted, kind, left, right);
        return promoted == type ? result : new Conversion(type, result);
    }

    private static DeviceType Promoted(DeviceType type) =>
        type.Scalar is Scalar.SByte or Scalar.Byte or Scalar.Short or Scalar.UShort ? DeviceType.Int : type;

    private static Expression Convert(Expression value, DeviceType type) => value.Type == type ? value : new Conversion(type, value);

    /// <summary>
    /// Whether devices have the operator built in: on numbers through the interfaces of generic arithmetic, and on vectors.
    /// </summary>
    private bool IsBuiltIn(IMethodSymbol method, ITypeSymbol? constrained) =>
        method.ContainingType.TypeKind == TypeKind.Interface && constrained is not null
        ? TypeMapper.ScalarOf(closing.Close(constrained)) is not null
        : KernelLanguage.Declares(method.ContainingType) || method.ContainingType.SpecialType != SpecialType.None;

    private Expression UserOperator(IMethodSymbol method, ITypeSymbol? constrained, IOperation at, params Expression[] operands)
    {
        if (Implementation(method, constrained) is not { } implementation) return Unsupported(at);
        return context.Functions.Get(closing.Close(implementation), operands, at.Syntax) is { } function
            ? CallOf(function, operands)
            : Nothing;
    }

    private static BinaryOperator? BinaryOf(BinaryOperatorKind kind) => kind switch
    {
        BinaryOperatorKind.Add => BinaryOperator.Add,
        BinaryOperatorKind.Subtract => BinaryOperator.Subtract,
        BinaryOperatorKind.Multiply => BinaryOperator.Multiply,
        BinaryOperatorKind.Divide => BinaryOperator.Divide,
        BinaryOperatorKind.Remainder => BinaryOperator.Remainder,
        BinaryOperatorKind.LeftShift => BinaryOperator.ShiftLeft,
        BinaryOperatorKind.RightShift => BinaryOperator.ShiftRight,
        BinaryOperatorKind.UnsignedRightShift => BinaryOperator.UnsignedShiftRight,
        BinaryOperatorKind.And => BinaryOperator.And,
        BinaryOperatorKind.Or => BinaryOperator.Or,
        BinaryOperatorKind.ExclusiveOr => BinaryOperator.ExclusiveOr,
        BinaryOperatorKind.ConditionalAnd => BinaryOperator.AndAlso,
        BinaryOperatorKind.ConditionalOr => BinaryOperator.OrElse,
        BinaryOperatorKind.Equals => BinaryOperator.Equal,
        BinaryOperatorKind.NotEquals => BinaryOperator.NotEqual,
        BinaryOperatorKind.LessThan => BinaryOperator.Less,
        BinaryOperatorKind.LessThanOrEqual => BinaryOperator.LessOrEqual,
        BinaryOperatorKind.GreaterThan => BinaryOperator.Greater,
        BinaryOperatorKind.GreaterThanOrEqual => BinaryOperator.GreaterOrEqual,
        _ => null,
    };
}
